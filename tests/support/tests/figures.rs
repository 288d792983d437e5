use e2e::figures::{Goal, Layout, Row, Samples, Table};

fn samples<const N: usize>(values: [f64; N]) -> Samples {
    Samples::new(values)
}

fn line(row: &Row) -> String {
    Table::new(Layout::Text(100)).row(row)
}

/// The last word of the row of a figure with these rounds.
fn verdict<const N: usize>(goal: Goal, values: [f64; N]) -> String {
    let row = Row::new("rate", goal, samples(values));
    let markdown = Table::new(Layout::Markdown).row(&row);
    let cells: Vec<_> = markdown.split('|').map(str::trim).collect();
    cells[6].to_owned()
}

#[test]
fn median_is_the_middle_of_any_order() {
    let odd = samples([3.0, 1.0, 2.0]);
    let summary = [odd.min(), odd.median(), odd.max()];
    assert_eq!(samples(summary), samples([1.0, 2.0, 3.0]));
    let even = samples([4.0, 1.0, 3.0, 2.0]);
    assert_eq!(samples([even.median()]), samples([2.5]));
    assert_eq!(samples([samples([7.0]).median()]), samples([7.0]));
}

#[test]
fn percentile_is_a_value_that_was_measured() {
    let all = Samples::new((1..=200).map(f64::from));
    let percentiles = [0, 50, 99, 100].map(|percent| all.percentile(percent));
    assert_eq!(samples(percentiles), samples([1.0, 100.0, 198.0, 200.0]));
    let one = samples([5.0]);
    assert_eq!(samples([one.percentile(99)]), one);
}

#[test]
fn ratios_compare_each_round_with_its_partner() {
    let ratios = Samples::ratios(&[50.0, 90.0, 80.0], &[100.0, 100.0, 200.0]);
    assert_eq!(ratios, samples([0.4, 0.5, 0.9]));
}

#[test]
#[should_panic(expected = "each round has a partner")]
fn ratios_refuse_a_round_without_partner() {
    Samples::ratios(&[1.0, 2.0], &[1.0]);
}

#[test]
fn goal_is_judged_by_the_median() {
    assert_eq!(verdict(Goal::AtLeast(0.75), [0.75, 0.8, 0.9]), "yes");
    assert_eq!(verdict(Goal::AtLeast(0.75), [0.5, 0.6, 0.7]), "no");
    assert_eq!(verdict(Goal::AtMost(1.3), [1.1, 1.2, 1.3]), "yes");
    assert_eq!(verdict(Goal::AtMost(1.3), [1.4, 1.5, 1.6]), "no");
    assert_eq!(verdict(Goal::None, [1.0]), "");
}

#[test]
fn rounds_that_disagree_show_a_question_mark() {
    assert_eq!(verdict(Goal::AtLeast(0.75), [0.7, 0.8, 0.9]), "yes?");
    assert_eq!(verdict(Goal::AtLeast(0.75), [0.6, 0.7, 0.8]), "no?");
    assert_eq!(verdict(Goal::AtMost(1.3), [1.2, 1.25, 1.4]), "yes?");
    assert_eq!(verdict(Goal::AtMost(1.3), [1.2, 1.35, 1.4]), "no?");
}

#[test]
fn figures_show_three_digits_that_count() {
    let row = Row::new("all", Goal::None, samples([0.0, 0.754, 9.996]));
    assert!(line(&row).ends_with("0       0.75       10.0"), "{row:?}");
    let row = Row::new("all", Goal::None, samples([99.96, 999.7, 1_234_567.0]));
    assert!(line(&row).ends_with("100      1,000  1,234,567"), "{row:?}");
    let row = Row::new("all", Goal::None, samples([-1234.0, -0.5, 1.0]));
    assert!(
        line(&row).ends_with("-1,234      -0.50       1.00"),
        "{row:?}"
    );
}

#[test]
fn text_table_is_aligned() {
    let table = Table::new(Layout::Text(80));
    let rate = Row::new("orders/s", Goal::AtLeast(0.75), samples([0.7, 0.8, 0.9]));
    let note = Row::note("bare loop, orders/s", samples([4000.0]));
    let printed = [table.head(), table.row(&rate), table.row(&note)].join("\n");
    let expected = "\
measure                              goal        min     median        max  met
-------------------------------------------------------------------------------
orders/s                          >= 0.75       0.70       0.80       0.90  yes?
bare loop, orders/s                            4,000      4,000      4,000";
    assert_eq!(printed, expected);
}

#[test]
fn long_measure_wraps_within_the_width() {
    let what = "Redis memory of an ended order after a doubt with its result, bytes";
    let row = Row::new(what, Goal::AtMost(1_000_000.0), samples([1e6, 1e6, 1e6]));
    for width in 80..=120 {
        let text = Table::new(Layout::Text(width)).row(&row);
        assert!(
            text.lines().all(|line| line.chars().count() <= width),
            "{text}"
        );
        let words: Vec<_> = text.split_whitespace().collect();
        assert!(
            words
                .join(" ")
                .starts_with("Redis memory of an ended order"),
            "{text}"
        );
        assert!(text.lines().last().unwrap().ends_with("yes"), "{text}");
    }
}

#[test]
fn width_stays_between_80_and_120() {
    let row = Row::note("rate", samples([1.0]));
    let printed = |width| Table::new(Layout::Text(width)).row(&row);
    assert_eq!(printed(1), printed(80));
    assert_eq!(printed(500), printed(120));
}

#[test]
fn markdown_table_has_a_cell_for_each_figure() {
    let table = Table::new(Layout::Markdown);
    let row = Row::new("orders/s", Goal::AtMost(1.3), samples([1.0, 1.2, 1.25]));
    let expected = "\
| measure | goal | min | median | max | met |
| --- | ---: | ---: | ---: | ---: | --- |
| orders/s | <= 1.30 | 1.00 | 1.20 | 1.25 | yes |";
    assert_eq!([table.head(), table.row(&row)].join("\n"), expected);
}
