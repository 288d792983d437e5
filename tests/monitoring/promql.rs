//! The names in an expression of Prometheus: metrics, the labels that select series, and the labels that group them.

use std::iter::Peekable;

/// A part of an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Name(String),
    /// The content of quotes.
    Text(String),
    /// A number, a duration or a variable of Grafana.
    Value,
    Sign(char),
}

/// The series that a part of an expression selects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Selector {
    pub(crate) metric: String,
    /// Label, operator and value.
    pub(crate) matchers: Vec<(String, String, String)>,
}

/// The names that an expression uses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Names {
    pub(crate) selectors: Vec<Selector>,
    /// The labels after `by`, `on` and the like.
    pub(crate) groupings: Vec<String>,
}

const OPERATORS: [&str; 7] = ["and", "or", "unless", "bool", "offset", "inf", "nan"];
const GROUPINGS: [&str; 6] = [
    "by",
    "without",
    "on",
    "ignoring",
    "group_left",
    "group_right",
];

/// Returns the names in an expression. A name before a bracket is a function, and no metric.
pub(crate) fn names(expression: &str) -> Names {
    let mut names = Names::default();
    let mut tokens = tokens(expression).into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            Token::Name(name) if GROUPINGS.contains(&name.as_str()) => {
                names.groupings.extend(grouping(&mut tokens));
            }
            Token::Name(name) if OPERATORS.contains(&name.as_str()) => {}
            Token::Name(name) if !is_call(tokens.peek()) => names.selectors.push(Selector {
                metric: name,
                matchers: matchers(&mut tokens),
            }),
            Token::Sign('{') => panic!("a selector without a metric: {expression}"),
            Token::Sign('[') => while tokens.next_if(|next| *next != Token::Sign(']')).is_some() {},
            _ => {}
        }
    }
    names
}

/// `true` if the token after a name makes the name a function or an aggregation.
fn is_call(next: Option<&Token>) -> bool {
    match next {
        Some(Token::Sign('(')) => true,
        Some(Token::Name(name)) => name == "by" || name == "without",
        _ => false,
    }
}

/// The labels in the brackets that follow, if any.
fn grouping(tokens: &mut Peekable<impl Iterator<Item = Token>>) -> Vec<String> {
    let mut labels = Vec::new();
    if tokens.next_if_eq(&Token::Sign('(')).is_some() {
        while let Some(token) = tokens.next_if(|next| *next != Token::Sign(')')) {
            labels.extend(match token {
                Token::Name(label) => Some(label),
                _ => None,
            });
        }
    }
    labels
}

/// The matchers in the braces that follow, if any.
fn matchers(tokens: &mut Peekable<impl Iterator<Item = Token>>) -> Vec<(String, String, String)> {
    let mut matchers = Vec::new();
    if tokens.next_if_eq(&Token::Sign('{')).is_none() {
        return matchers;
    }
    let (mut label, mut operator) = (String::new(), String::new());
    while let Some(token) = tokens.next_if(|next| *next != Token::Sign('}')) {
        match token {
            Token::Name(name) => (label, operator) = (name, String::new()),
            Token::Sign(',') => {}
            Token::Sign(sign) => operator.push(sign),
            Token::Text(value) => matchers.push((label.clone(), operator.clone(), value)),
            Token::Value => panic!("a value without quotes in a matcher of {label}"),
        }
    }
    matchers
}

fn tokens(expression: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = expression;
    while let Some(first) = rest.chars().next() {
        let (token, length) = match first {
            ' ' | '\n' => (None, 1),
            '#' => (None, rest.find('\n').unwrap_or(rest.len())),
            '"' | '\'' | '`' => {
                let end = closing_quote(rest, first);
                (Some(Token::Text(rest[1..end].into())), end + 1)
            }
            '$' => (Some(Token::Value), 1 + word(&rest[1..])),
            '0'..='9' => (Some(Token::Value), number(rest)),
            'a'..='z' | 'A'..='Z' | '_' => {
                let length = word(rest);
                (Some(Token::Name(rest[..length].into())), length)
            }
            sign => (Some(Token::Sign(sign)), sign.len_utf8()),
        };
        tokens.extend(token);
        rest = &rest[length..];
    }
    tokens
}

/// The length of the name at the start. A colon is part of the name of a recording rule.
fn word(text: &str) -> usize {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    text.find(|c| !is_part(c)).unwrap_or(text.len())
}

/// The length of the number or duration at the start, such as `1.5e-9` or `1h30m`.
fn number(text: &str) -> usize {
    let mut last = ' ';
    let mut is_part = |c: char| {
        let is_part = c.is_ascii_alphanumeric() || c == '.' || (c == '-' && last == 'e');
        last = c;
        is_part
    };
    text.find(|c| !is_part(c)).unwrap_or(text.len())
}

/// The place of the quote that closes the text at the start.
fn closing_quote(text: &str, quote: char) -> usize {
    let mut is_escaped = false;
    let place = text.char_indices().skip(1).find(|(_, c)| {
        let closes = *c == quote && !is_escaped;
        is_escaped = *c == '\\' && !is_escaped && quote != '`';
        closes
    });
    place
        .unwrap_or_else(|| panic!("no end of a text: {text}"))
        .0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metrics(expression: &str) -> Vec<String> {
        let selectors = names(expression).selectors.into_iter();
        selectors.map(|selector| selector.metric).collect()
    }

    #[test]
    fn metrics_are_found_among_functions_and_keywords() {
        for (expression, wanted) in [
            ("up == 0", "up"),
            ("sum by (job, le) (rate(a_bucket[5m])) > 1.5e-9", "a_bucket"),
            ("sum(rate(a[$__rate_interval])) by (job)", "a"),
            ("a unless on (queue) max by (queue) (b) == bool 1", "a b"),
            ("a / ignoring (x) group_left (y) b offset 1h30m", "a b"),
            ("time() - max_over_time(a[10m:30s]) > 5 * 60 # not b", "a"),
            ("a{x=\"b and c\", y=~'d|}'} or e", "a e"),
            (
                "absent(up{job=\"x\"} == 1) and -inf < job:a:sum",
                "up job:a:sum",
            ),
            ("count_values(\"version\", a)", "a"),
            ("a{x=\"\\\"b\\\"\"} + `c` + d", "a d"),
        ] {
            let wanted: Vec<_> = wanted.split(' ').collect();
            assert_eq!(metrics(expression), wanted, "{expression}");
        }
    }

    #[test]
    fn labels_are_found_in_matchers_and_groupings() {
        let names = names("sum by (a) (m{b=\"1\",c!~'x|y'}) * on (d, e) group_left (f) n");
        assert_eq!(names.groupings, ["a", "d", "e", "f"]);
        let text = |text: &str| text.to_owned();
        let matchers = [
            (text("b"), text("="), text("1")),
            (text("c"), text("!~"), text("x|y")),
        ];
        assert_eq!(names.selectors[0].matchers, matchers);
        assert_eq!(names.selectors[1].matchers, []);
    }

    #[test]
    #[should_panic(expected = "a selector without a metric")]
    fn selector_without_a_metric_is_refused() {
        names("sum({job=\"x\"})");
    }
}
