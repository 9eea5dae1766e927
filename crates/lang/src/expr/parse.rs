//! The parser of expressions: operator precedence as in CEL.

use std::ops::Range;

use super::Op;
use super::lex::{Bad, Token, Why, tokens};

/// An untyped expression with its bytes in the expression's text.
#[derive(Clone, PartialEq, Debug)]
pub struct Tree {
    pub range: Range<usize>,
    pub node: Node,
}

/// What an expression is made of.
#[derive(Clone, PartialEq, Debug)]
pub enum Node {
    Int(i64),
    Text(String),
    List(Vec<Tree>),
    Name(String),
    Member { of: Box<Tree>, name: String },
    Call { name: String, args: Vec<Tree> },
    Not(Box<Tree>),
    Negate(Box<Tree>),
    Binary { op: Op, left: Box<Tree>, right: Box<Tree> },
    If { test: Box<Tree>, then: Box<Tree>, otherwise: Box<Tree> },
}

/// Deeper nesting is refused, so that no text can exhaust the stack.
const DEPTH: u32 = 48;

/// Reads an expression.
pub fn parse(text: &str) -> Result<Tree, Bad> {
    let mut parser = Parser { tokens: tokens(text)?, next: 0, depth: 0 };
    let tree = parser.choice()?;
    match parser.peek() {
        Token::End => Ok(tree),
        _ => Err(parser.unexpected()),
    }
}

struct Parser {
    tokens: Vec<(Token, Range<usize>)>,
    next: usize,
    depth: u32,
}

/// How strongly an operator binds; CEL's levels.
fn binary(token: &Token) -> Option<(u8, Op)> {
    Some(match token {
        Token::Sign("||") => (1, Op::Or),
        Token::Sign("&&") => (2, Op::And),
        Token::Sign("==") => (3, Op::Eq),
        Token::Sign("!=") => (3, Op::Ne),
        Token::Sign("<") => (3, Op::Lt),
        Token::Sign("<=") => (3, Op::Le),
        Token::Sign(">") => (3, Op::Gt),
        Token::Sign(">=") => (3, Op::Ge),
        Token::Name(name) if name == "in" => (3, Op::In),
        Token::Sign("+") => (4, Op::Add),
        Token::Sign("-") => (4, Op::Sub),
        Token::Sign("*") => (5, Op::Mul),
        Token::Sign("/") => (5, Op::Div),
        Token::Sign("%") => (5, Op::Rem),
        _ => return None,
    })
}

impl Parser {
    fn peek(&self) -> &Token {
        &self.tokens[self.next].0
    }

    fn range(&self) -> Range<usize> {
        self.tokens[self.next].1.clone()
    }

    /// The end of the token read last.
    fn end(&self) -> usize {
        self.tokens[self.next.saturating_sub(1)].1.end
    }

    fn take(&mut self) -> Token {
        let token = self.peek().clone();
        // The end stays, so that looking is always safe.
        self.next = (self.next + 1).min(self.tokens.len() - 1);
        token
    }

    fn accept(&mut self, sign: &str) -> bool {
        let found = matches!(self.peek(), Token::Sign(found) if *found == sign);
        if found {
            self.take();
        }
        found
    }

    fn expect(&mut self, sign: &str) -> Result<(), Bad> {
        if self.accept(sign) { Ok(()) } else { Err(self.unexpected()) }
    }

    fn unexpected(&self) -> Bad {
        let why = match self.peek() {
            Token::End => Why::Ended,
            Token::Int(int) => Why::Unexpected(int.to_string()),
            Token::Text(text) | Token::Name(text) => Why::Unexpected(text.clone()),
            Token::Sign(sign) => Why::Unexpected((*sign).to_owned()),
        };
        Bad { why, range: self.range() }
    }

    /// `test ? then : otherwise`, the weakest.
    fn choice(&mut self) -> Result<Tree, Bad> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(Bad { why: Why::Deep, range: self.range() });
        }
        let test = self.operation(1)?;
        let tree = if self.accept("?") {
            let then = self.choice()?;
            self.expect(":")?;
            let otherwise = self.choice()?;
            let range = test.range.start..otherwise.range.end;
            let (test, then, otherwise) = (Box::new(test), Box::new(then), Box::new(otherwise));
            Tree { range, node: Node::If { test, then, otherwise } }
        } else {
            test
        };
        self.depth -= 1;
        Ok(tree)
    }

    fn operation(&mut self, least: u8) -> Result<Tree, Bad> {
        let mut left = self.unary()?;
        while let Some((strength, op)) = binary(self.peek()).filter(|(strength, _)| *strength >= least) {
            self.take();
            let right = self.operation(strength + 1)?;
            let range = left.range.start..right.range.end;
            left = Tree { range, node: Node::Binary { op, left: Box::new(left), right: Box::new(right) } };
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<Tree, Bad> {
        let start = self.range().start;
        let make: fn(Box<Tree>) -> Node = match self.peek() {
            Token::Sign("!") => Node::Not,
            Token::Sign("-") => Node::Negate,
            _ => return self.member(),
        };
        self.take();
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(Bad { why: Why::Deep, range: self.range() });
        }
        let of = self.unary()?;
        self.depth -= 1;
        Ok(Tree { range: start..of.range.end, node: make(Box::new(of)) })
    }

    fn member(&mut self) -> Result<Tree, Bad> {
        let mut tree = self.primary()?;
        while self.accept(".") {
            let Token::Name(name) = self.peek().clone() else { return Err(self.unexpected()) };
            self.take();
            // A long chain of members is a deep tree too.
            self.depth += 1;
            if self.depth > DEPTH {
                return Err(Bad { why: Why::Deep, range: self.range() });
            }
            tree =
                Tree { range: tree.range.start..self.end(), node: Node::Member { of: Box::new(tree), name } };
        }
        Ok(tree)
    }

    fn primary(&mut self) -> Result<Tree, Bad> {
        let start = self.range().start;
        let node = match self.peek().clone() {
            Token::Int(int) => self.leaf(Node::Int(int)),
            Token::Text(text) => self.leaf(Node::Text(text)),
            Token::Name(name) if name == "in" => return Err(self.unexpected()),
            Token::Name(name) => {
                self.take();
                if self.accept("(") { Node::Call { name, args: self.items(")")? } } else { Node::Name(name) }
            }
            Token::Sign("[") => {
                self.take();
                Node::List(self.items("]")?)
            }
            Token::Sign("(") => {
                self.take();
                let inner = self.choice()?;
                self.expect(")")?;
                return Ok(inner);
            }
            _ => return Err(self.unexpected()),
        };
        Ok(Tree { range: start..self.end(), node })
    }

    fn leaf(&mut self, node: Node) -> Node {
        self.take();
        node
    }

    fn items(&mut self, close: &str) -> Result<Vec<Tree>, Bad> {
        let mut items = Vec::new();
        if self.accept(close) {
            return Ok(items);
        }
        loop {
            items.push(self.choice()?);
            if !self.accept(",") {
                self.expect(close)?;
                return Ok(items);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An expression with all its brackets.
    fn shape(tree: &Tree) -> String {
        match &tree.node {
            Node::Int(int) => int.to_string(),
            Node::Text(text) => format!("'{text}'"),
            Node::Name(name) => name.clone(),
            Node::List(items) => format!("[{}]", items.iter().map(shape).collect::<Vec<_>>().join(" ")),
            Node::Member { of, name } => format!("{}.{name}", shape(of)),
            Node::Call { name, args } => {
                format!("{name}({})", args.iter().map(shape).collect::<Vec<_>>().join(" "))
            }
            Node::Not(of) => format!("!{}", shape(of)),
            Node::Negate(of) => format!("-{}", shape(of)),
            Node::Binary { op, left, right } => format!("({} {op:?} {})", shape(left), shape(right)),
            Node::If { test, then, otherwise } => {
                format!("({} ? {} {})", shape(test), shape(then), shape(otherwise))
            }
        }
    }

    #[test]
    fn operators_bind_as_in_cel() {
        for (text, want) in [
            ("a || b && c", "(a Or (b And c))"),
            ("1 + 2 * 3 - 4", "((1 Add (2 Mul 3)) Sub 4)"),
            ("!has(满意) && 户数 >= 2", "(!has(满意) And (户数 Ge 2))"),
            ("a ? b : c ? d : e", "(a ? b (c ? d e))"),
            ("kind.answer > span('5 days')", "(kind.answer Gt span('5 days'))"),
            ("x in ['a', \"b\"]", "(x In ['a' 'b'])"),
            ("-(1) - -2", "(-1 Sub -2)"),
        ] {
            assert_eq!(parse(text).as_ref().map(shape).as_deref(), Ok(want), "{text}");
        }
    }

    #[test]
    fn faults_have_their_place() {
        for (text, why, range) in [
            ("a &&", Why::Ended, 4..4),
            ("a b", Why::Unexpected("b".into()), 2..3),
            ("a ＝ b", Why::FullWidth('＝'), 2..5),
            ("a = b", Why::Sign('='), 2..3),
            ("'abc", Why::OpenText, 0..4),
            ("99999999999999999999", Why::Number, 0..20),
        ] {
            assert_eq!(parse(text), Err(Bad { why, range }), "{text}");
        }
        for deep in ["(".repeat(5_000), "!".repeat(5_000), format!("a{}", ".b".repeat(5_000))] {
            assert!(parse(&deep).is_err());
        }
    }
}
