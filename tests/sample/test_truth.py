"""What was planted in the generated company is found again in its files, within chance."""

import datetime as dt
from collections import Counter, defaultdict

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import betaln, gammaln


def log_likelihood(parameters: np.ndarray, x: np.ndarray, tx: np.ndarray, age: np.ndarray) -> float:
    """Of BG/NBD on (x, t_x, T), after Fader, Hardie & Lee 2005; parameters as logarithms."""
    r, alpha, a, b = np.exp(parameters)
    rates = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
    alive = betaln(a, b + x) - (r + x) * np.log(alpha + age)
    gone = np.where(
        x > 0, betaln(a + 1, b + np.maximum(x, 1) - 1) - (r + x) * np.log(alpha + tx), -np.inf
    )
    return float((rates - betaln(a, b) + np.logaddexp(alive, gone)).sum())


def test_the_parameters_of_the_purchase_process_are_found_again(company):
    planted = {
        row["parameter"]: row["value"]
        for row in company.truth("parameters")
        if row["process"] == "bgnbd"
    }
    x, tx, age = (
        column.astype(float)
        for column in company.database.sql("""
            select
                count(distinct day) - 1 as x, (max(day) - min(day)) / 7 as tx,
                (911 - min(day)) / 7 as age,
            from orders where behaviour = 'bgnbd' group by true_customer_id
        """).fetchnumpy().values()
    )  # fmt: skip
    assert len(x) >= 1_500
    fit = minimize(
        lambda p: -log_likelihood(p, x, tx, age), np.zeros(4), method="Nelder-Mead",
        options={"maxiter": 2_000},
    )  # fmt: skip
    r, alpha, a, b = np.exp(fit.x)
    assert r == pytest.approx(planted["r"], rel=0.2)
    assert r / alpha == pytest.approx(planted["r"] / planted["alpha"], rel=0.1)
    assert a / (a + b) == pytest.approx(planted["a"] / (planted["a"] + planted["b"]), rel=0.25)


def test_regular_customers_have_the_gaps_of_an_erlang_process(company):
    (spread, customers) = company.database.sql("""
        with gaps as (
            select true_customer_id, day - lag(day) over (
                partition by true_customer_id order by moment
            ) as gap
            from orders
            where behaviour = 'regular'
                and true_customer_id not in (select customer_id from truth_change_points)
        ),
        cadences as (
            select stddev(gap) / avg(gap) as spread from gaps group by true_customer_id
            having count(gap) >= 8
        )
        select median(spread), count(*) from cadences
    """).fetchone()
    assert customers >= 200
    assert spread == pytest.approx(1 / np.sqrt(4), abs=0.05)


def test_demand_answers_discounts_with_the_elasticity_of_the_group(company):
    planted = {
        row["price_group"]: row["elasticity"] for row in company.truth("price_sensitivities")
    }
    rows = company.database.sql("""
        select
            price_group, round(discount / (price * units), 2) as off, avg(units) as units,
            count(*) as lines,
        from lines
        where line_kind = '' and kind = 'person' and line_amount = '' and day < 500
        group by all having count(*) >= 30
    """).fetchall()
    for group, elasticity in planted.items():
        off, units, lines = np.array([row[1:] for row in rows if row[0] == group]).T
        slope, _ = np.polyfit(np.log(1 - off), np.log(units), 1, w=np.sqrt(lines))
        assert slope == pytest.approx(float(elasticity), abs=0.3), group


def test_campaigns_win_the_orders_that_were_planted(company):
    contacts = [row for row in company.rows("campaign_contacts") if "customer_id" in row]
    company.database.execute(
        "create or replace table contacts as select unnest($rows, recursive := true)",
        {"rows": contacts},
    )
    treated, control, planted = company.database.sql("""
        with outcomes as (
            select
                is_control = 'true' as is_control, extra_order_probability as planted,
                exists (
                    select 1 from orders
                    where orders.true_customer_id = contacts.customer_id
                        and moment::date >= starts_on and moment::date < starts_on + days
                ) as has_bought,
            from contacts inner join truth_campaign_uplifts using (campaign_id)
        )
        select
            avg(has_bought::int) filter (not is_control), avg(has_bought::int) filter (is_control),
            avg(planted),
        from outcomes
    """).fetchone()
    assert len(contacts) >= 3_000
    assert treated - control == pytest.approx(float(planted) * (1 - control), abs=0.03)
    won = [row for row in contacts if row["response"] == "responded"]
    assert {row["order_id"] for row in won} <= {row["order_id"] for row in company.clean}
    assert all(row["is_control"] == "false" for row in won)


def test_hunters_buy_on_sale_and_half_of_them_stop_with_the_discounts(company):
    discounted, orders = company.database.sql("""
        select avg((has_discount)::int), count(*)
        from (
            select order_id, max(discount) > 0 as has_discount from lines
            where behaviour = 'hunter' group by all
        )
    """).fetchone()
    assert orders >= 1_000
    assert discounted > 0.97
    stopped = {
        row["customer_id"]
        for row in company.truth("change_points")
        if row["cause"] == "discounts end"
    }
    assert len(stopped) >= 50
    found = company.database.execute(
        "select count(*) filter (day < 731), count(*) filter (day >= 731) from orders "
        "where list_contains($stopped, true_customer_id)",
        {"stopped": list(stopped)},
    ).fetchone()
    assert found[0] > 200
    assert found[1] == 0


def test_planted_changes_are_in_the_orders_from_their_day_on(company):
    rows = company.database.sql("""
        select
            kind, count(*) as customers,
            avg((select count(*) from orders
                where true_customer_id = customer_id and moment >= changed_on - 180
                    and moment < changed_on)) as before,
            avg((select count(*) from orders
                where true_customer_id = customer_id and moment >= changed_on
                    and moment < changed_on + 180)) as afterwards,
            avg((select count(*) from orders
                where true_customer_id = customer_id and moment >= changed_on + 200
                    and moment < changed_on + 380)) as later,
        from truth_change_points
        where cause is null and changed_on < date '2025-06-01'
        group by kind
    """).fetchall()
    changes = {kind: (before, after, later) for kind, _, before, after, later in rows}
    assert changes["stops"][1:] == (0, 0)
    assert changes["comes_back"][1] == 0
    assert changes["comes_back"][2] > 0.7 * changes["comes_back"][0]
    assert changes["slows_down"][1] == pytest.approx(0.4 * changes["slows_down"][0], rel=0.25)
    assert changes["spends_less"][1] == pytest.approx(changes["spends_less"][0], rel=0.25)


def test_incidents_cost_later_orders_the_more_the_slower_they_are_resolved(company):
    tickets = [
        row for row in company.rows("interactions") if row.get("is_quality_incident") is True
    ]
    assert len(tickets) >= 300
    hours = defaultdict(list)
    speeds = {row["customer_id"]: row["incident_speed"] for row in company.truth("customers")}
    owner = {row["customer_id"]: row["true_customer_id"] for row in company.truth("customers")}
    for ticket in tickets:
        if ticket["resolved_at"]:
            took = dt.datetime.fromisoformat(ticket["resolved_at"]) - dt.datetime.fromisoformat(
                ticket["opened_at"]
            )
            hours[speeds[owner[ticket["customer_id"]]]].append(took.total_seconds() / 3600)
    limits = [row["resolved_within_hours"] for row in company.truth("incident_effects")]
    assert [max(hours[speed]) <= limit for speed, limit in enumerate(limits, 1)] == [True] * 3
    assert min(hours[3]) > max(hours[2]) > max(hours[1])
    company.database.execute(
        "create or replace table tickets as select unnest($rows, recursive := true)",
        {"rows": [{"order_id": ticket["order_id"]} for ticket in tickets]},
    )
    after = dict(
        company.database.sql("""
            select incident_speed, avg((
                select count(*) from orders as later
                where later.true_customer_id = orders.true_customer_id
                    and later.day > orders.day and later.day <= orders.day + 180
            ))
            from tickets
            inner join orders using (order_id)
            inner join truth_customers on orders.true_customer_id = customer_id
            where orders.behaviour = 'regular' and orders.day < 730
            group by incident_speed
        """).fetchall()
    )
    assert after[3] == pytest.approx(0.4 * after[1], rel=0.35)
    assert after[3] < after[2] < after[1]


def test_complaints_name_rivals_and_take_working_time(company):
    rows = [row for row in company.rows("interactions") if row.get("handling_minutes")]
    assert Counter(row["interaction_kind"] for row in rows).keys() >= {
        "service", "complaint", "inquiry", "call", "visit", "care", "review", "suggestion",
    }  # fmt: skip
    assert sum(bool(row["rival_mentioned"]) for row in rows) >= 100
    assert all(float(row["handling_minutes"]) > 0 for row in rows)


def test_baskets_hold_the_partner_of_their_category_as_often_as_planted(company):
    products = {row["product_id"]: row["category"] for row in company.rows("products")}
    baskets = defaultdict(dict)
    for row in company.clean:
        if not row["line_kind"] and not row["order_id"].startswith(("R", "M")):
            baskets[row["order_id"]][row["line_number"]] = products[row["product_id"]]
    for affinity in company.truth("affinities"):
        seconds = [
            basket["2"] == affinity["partner_category"]
            for basket in baskets.values()
            if basket.get("1") == affinity["category"] and "2" in basket
        ]
        planted = float(affinity["partner_probability"]) + affinity["by_chance_probability"]
        assert np.mean(seconds) == pytest.approx(planted, abs=0.06)


def test_the_time_from_the_first_look_to_the_order_is_that_of_the_category(company):
    looked, ordered, category = {}, {}, {}
    for row in company.rows("web_events"):
        moment = dt.datetime.fromisoformat(row["occurred_at"])
        if row["event_kind"] == "product_view":
            looked[row["session_id"]], category[row["session_id"]] = moment, row["category"]
        elif row["event_kind"] == "order":
            ordered[row["session_id"]] = moment
    minutes = defaultdict(list)
    for session, moment in ordered.items():
        minutes[category[session]].append((moment - looked[session]).total_seconds() / 60)
    for planted in company.truth("selection_times"):
        found = np.median(minutes[planted["category"]])
        assert found == pytest.approx(planted["median_minutes"], rel=0.2)


def test_surveys_follow_the_latent_satisfaction(company):
    latent = {row["customer_id"]: row["satisfaction"] for row in company.truth("customers")}
    answers = defaultdict(list)
    for row in company.rows("surveys"):
        answers[row["question_id"]].append((latent[row["customer_id"]], float(row["score"])))
    assert len(answers) == 19
    for question, sign in (("nps", 1), ("benefit_service", 1), ("cost_time", -1), ("rivals", -1)):
        assert sign * np.corrcoef(*zip(*answers[question], strict=True))[0, 1] > 0.5, question
    scores = Counter(score for _, score in answers["nps"])
    assert min(scores) >= 0
    assert max(scores) == 10


def test_organisations_pay_on_time_late_or_not_yet(company):
    late = {row["customer_id"]: row["late_days"] for row in company.truth("customers")}
    days = defaultdict(list)
    for row in company.rows("payments"):
        if row.get("due_on") and row.get("paid_at"):
            paid, due = (dt.date.fromisoformat(row[key][:10]) for key in ("paid_at", "due_on"))
            days[late[row["customer_id"]]].append((paid - due).days)
    assert np.median(days[0]) < 0 < np.mean(days[10]) < np.mean(days[40])
    open_ones = [row for row in company.rows("payments") if "paid_at" in row and not row["paid_at"]]
    assert len(open_ones) >= 20
    assert any(float(row["amount"]) < 0 for row in company.rows("payments") if row["amount"])


def test_contracts_are_renewed_and_terminated(company):
    terms = Counter(
        row["contract_id"].partition("-")[0] for row in company.rows("service_contracts")
    )
    assert {1, 2, 3} <= set(terms.values())
    ended = [row for row in company.rows("service_contracts") if row["terminated_on"]]
    assert len(ended) >= 5
    assert all(row["starts_on"] < row["terminated_on"] <= row["ends_on"] for row in ended)


def test_leads_that_were_won_became_customers_and_others_did_not(company, records):
    stages = Counter(row["lead_stage"] for row in company.rows("leads"))
    assert stages.keys() == {
        "new", "contacted", "qualified", "proposal", "negotiation", "won", "lost", "refused",
    }  # fmt: skip
    buyers = {row["customer_id"] for row in company.clean}
    for row in company.rows("leads"):
        if row["lead_stage"] == "won":
            assert row["created_at"][:10] < records[row["customer_id"]]["registered_on"]
        else:
            assert row["customer_id"] not in buyers - {""}


def test_wallets_are_larger_than_what_comes_to_us(company):
    for row in company.truth("wallets"):
        assert 0.2 <= row["wallet_share"] <= 0.9
    assert len(company.rows("wallet_estimates")) >= 2 * len(company.truth("wallets"))


@pytest.mark.parametrize("year", ["2024", "2025"])
def test_the_weeks_before_christmas_are_the_season_of_every_year(company, year):
    orders = {row["order_id"]: row["ordered_at"] for row in company.clean}
    months = Counter(moment[5:7] for moment in orders.values() if moment.startswith(year))
    season = (months["11"] + months["12"]) / 2
    assert season > 1.3 * np.mean([months[f"{month:02d}"] for month in range(2, 10)])
