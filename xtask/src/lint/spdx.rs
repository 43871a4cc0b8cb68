//! SPDX licence expressions: `OR`, `AND`, `WITH`, parentheses, and the old `/` of crates.io for `OR`.
//!
//! ```text
//! or     = and { ("OR" | "/") and }
//! and    = simple { "AND" simple }
//! simple = "(" or ")" | id [ "WITH" id ]
//! ```

/// Whether the expression can be met with allowed licences only. An exception after `WITH` only adds permissions, so the
/// licence before it decides.
pub(crate) fn is_allowed(expression: &str, allowed: &[&str]) -> Result<bool, String> {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let mut parser = Parser { tokens: spaced.split_whitespace().collect(), next: 0, allowed };
    let answer = parser.or()?;
    match parser.peek() {
        None => Ok(answer),
        Some(token) => Err(format!("`{token}` is not expected there")),
    }
}

struct Parser<'a> {
    tokens: Vec<&'a str>,
    next: usize,
    allowed: &'a [&'a str],
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<&'a str> {
        self.tokens.get(self.next).copied()
    }

    fn take(&mut self) -> Option<&'a str> {
        let token = self.peek()?;
        self.next += 1;
        Some(token)
    }

    /// Takes the next token when it is this one.
    fn took(&mut self, token: &str) -> bool {
        let there = self.peek().is_some_and(|it| it.eq_ignore_ascii_case(token));
        self.next += usize::from(there);
        there
    }

    fn or(&mut self) -> Result<bool, String> {
        let mut answer = self.and()?;
        while self.took("OR") {
            answer |= self.and()?;
        }
        Ok(answer)
    }

    fn and(&mut self) -> Result<bool, String> {
        let mut answer = self.simple()?;
        while self.took("AND") {
            answer &= self.simple()?;
        }
        Ok(answer)
    }

    fn simple(&mut self) -> Result<bool, String> {
        if self.took("(") {
            let answer = self.or()?;
            return if self.took(")") { Ok(answer) } else { Err("a parenthesis is not closed".into()) };
        }
        let licence = self.identifier()?;
        if self.took("WITH") {
            self.identifier()?;
        }
        Ok(self.allowed.contains(&licence))
    }

    fn identifier(&mut self) -> Result<&'a str, String> {
        match self.take() {
            Some(token) if !["OR", "AND", "WITH", "(", ")"].contains(&token) => Ok(token),
            Some(token) => Err(format!("`{token}` where a licence should be")),
            None => Err("it ends too early".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_allowed;

    #[test]
    fn expressions_are_met_or_not() {
        let table = [
            ("MIT", true),
            ("GPL-3.0-only", false),
            ("MIT OR GPL-3.0-only", true),
            ("GPL-3.0-only OR MIT", true),
            ("MIT AND GPL-3.0-only", false),
            ("MIT/Apache-2.0", true),
            ("Apache-2.0 WITH LLVM-exception", true),
            ("GPL-2.0-only WITH Classpath-exception-2.0", false),
            // AND binds more tightly than OR.
            ("MIT OR GPL-3.0-only AND LGPL-3.0-only", true),
            ("GPL-3.0-only AND MIT OR LGPL-3.0-only", false),
            ("(MIT OR GPL-3.0-only) AND Apache-2.0", true),
            ("(MIT OR Apache-2.0) AND LGPL-3.0-only", false),
        ];
        for (expression, expected) in table {
            assert_eq!(is_allowed(expression, &["MIT", "Apache-2.0"]), Ok(expected), "{expression}");
        }
    }

    #[test]
    fn a_broken_expression_is_an_error() {
        for expression in ["", "MIT AND", "OR MIT", "(MIT", "MIT)", "MIT Apache-2.0", "MIT WITH"] {
            assert!(is_allowed(expression, &["MIT"]).is_err(), "{expression}");
        }
    }
}
