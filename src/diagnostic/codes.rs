//! Every diagnostic code, once: `nos help E0301` prints its row.

use super::Severity;
use std::fmt;

/// What there is to know of a code.
#[derive(Clone, Copy, Debug)]
pub struct CodeInfo {
    /// The code.
    pub code: Code,
    /// Its spelling: `E0301`.
    pub name: &'static str,
    /// What is wrong, in a few words.
    pub title: &'static str,
    /// Why it is wrong and what to do.
    pub explanation: &'static str,
    /// A program that shows it; empty where no program alone can (a missing file, a stopped job).
    pub wrong: &'static str,
    /// The same program, put right.
    pub right: &'static str,
}

macro_rules! codes {
    ($($code:ident $title:literal : $explanation:literal; $wrong:literal => $right:literal;)*) => {
        /// A diagnostic code; codes are never reused.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
        #[allow(missing_docs, reason = "the table documents each")]
        pub enum Code { $($code),* }

        /// Every code, in order.
        pub const CODES: &[CodeInfo] = &[$(CodeInfo {
            code: Code::$code, name: stringify!($code), title: $title, explanation: $explanation, wrong: $wrong, right: $right,
        }),*];
    };
}

codes! {
    E0101 "unknown character":
        "Outside strings and comments a program is made of names, numbers, operators and brackets. A character that is none of these has no meaning; often it was pasted from a text that writes maths differently.";
        "g × m" => "g * m";
    E0102 "malformed number":
        "A number is digits, perhaps with single underscores between them, a point with digits on both sides, and an exponent. It must fit a 64-bit float: not too large, and not so small that it would become 0.";
        "2x * g" => "2 * g";
    E0103 "unterminated string":
        "A string starts and ends with `\"` on the same line. Write `\\n` for a line break inside it.";
        "print(\"powersign)" => "print(\"powersign\")";
    E0104 "unknown escape in a string":
        "A backslash in a string is followed by `n`, `t`, `\"`, `\\` or `u{…}` with a character's number in hexadecimal.";
        "print(\"a\\qb\")" => "print(\"a\\\\qb\")";
    E0105 "text is not UTF-8":
        "Programs are read as UTF-8. The file holds bytes that are no text in that encoding: it may be a binary file, or saved in another encoding.";
        "" => "";
    E0201 "unexpected text":
        "The program has something here that cannot follow what stands before it: a missing operator, a missing operand, or a word in the wrong place.";
        "sign(g) m" => "sign(g) * m";
    E0202 "unmatched bracket":
        "Every bracket or bar that opens must close, in order.";
        "let x = (1 + 2" => "let x = (1 + 2)\nx";
    E0203 "nested too deeply":
        "An expression may nest 200 levels deep. Give a name to the inner part with `let` and use the name.";
        "" => "";
    E0204 "chained comparison":
        "`a < b < c` has no meaning here: the first comparison gives a truth value, which is not a number. Compare twice and join with `and`.";
        "where(0 < g < 1, g, 0)" => "where(0 < g and g < 1, g, 0)";
    E0205 "positional argument after a named one":
        "In a call, positional arguments come first, then named ones.";
        "clip(l: 1e-3, g)" => "clip(g, l: 1e-3)";
    E0206 "rule parameter without a default":
        "A bare rule stands for the rule with its defaults, so every parameter of a rule needs one. A `fn` may have parameters without.";
        "rule scaled(k) = k * g" => "rule scaled(k = 2) = k * g";
    E0207 "same name twice":
        "Parameters of one function and fields of one record have names of their own.";
        "fn f(x, x) = x" => "fn f(x, y) = x + y";
    E0301 "unknown name":
        "The name is not defined before this place. Names are defined by `let`, `fn`, `rule`, parameters and the standard library; `:list` shows them at the prompt.";
        "rule r = sgin(g) * m" => "rule r = sign(g) * m";
    E0302 "wrong number of arguments":
        "A call gives each parameter one value, by position or by name; only parameters with a default may be left out.";
        "clip(g)" => "clip(g, 1e-3)";
    E0303 "unknown named argument":
        "A named argument must be the name of a parameter of what is called.";
        "powersign(bas: 2)" => "powersign(base: 2)";
    E0304 "argument given twice":
        "A parameter takes one value: give it by position or by name, not both.";
        "clip(g, 1e-3, l: 1e-4)" => "clip(g, l: 1e-4)";
    E0305 "type mismatch":
        "The value has another type than its place needs: text where a number is expected, a list where a rule is.";
        "sign(\"g\")" => "sign(g)";
    E0306 "shapes do not fit":
        "Shapes join element by element, where sides of size one stretch; `[*]` is the parameter's own shape, and in a rule with matrix operations it is `[r, c]`. `a @ b` needs as many columns in `a` as rows in `b`.";
        "rule r = g + transpose(g)" => "rule r = g + transpose(transpose(g))";
    E0307 "known too late":
        "Some places need a value that is known when the script runs, or at each step, before any parameter is looked at: how long to remember, how many steps. The value given depends on more.";
        "ema(g, norm(g))" => "ema(g, 0.9)";
    E0308 "not a function":
        "Only functions, rules and test functions can be called.";
        "let a = 2\na(3)" => "let a = 2\na * 3";
    E0309 "unknown field":
        "A record has the fields it was written with, and a report its columns.";
        "let r = (rate: 0.1, steps: 100)\nr.rat" => "let r = (rate: 0.1, steps: 100)\nr.rate";
    E0310 "used before it is defined":
        "A name can be used after its definition only, and a function cannot call itself: every program ends. Use a list and `map`, `filter` or `for` to repeat work.";
        "fn f(n) = if n == 0 then 1 else n * f(n - 1)" => "fn f(n) = n * (n - 1)";
    E0311 "name belongs to the language":
        "`g`, `w`, `t`, `T`, `e`, `pi` and the other names a rule can mention are fixed, and so are the primitive functions. Choose another name.";
        "let g = 2" => "let k = 2\nk * g";
    E0312 "unknown type":
        "Types are `Num`, `Bool`, `Str`, `Schedule`, `Tensor[*]`, `Tensor[]`, `Tensor[r, c]`, `List[T]`, `Rule`, `Fn`, `Record`, `Objective`, `Net`, `Task`, `Report`, `Training`, `Space` and `Search`.";
        "fn f(x: Number) = x" => "fn f(x: Num) = x";
    E0313 "no rule":
        "A rule is a numeric expression of the parameter's own shape, or one that broadcasts to it. This value cannot be the update of a parameter.";
        "rule r = transpose(g) @ g" => "rule r = g @ transpose(g) @ g";
    E0314 "cannot be written here":
        "Some forms only make sense in one place: `update` inside `last(update)`, a definition at the top of a program.";
        "update * g" => "last(update) * g";
    E0401 "value outside its domain":
        "The parameter has a range, and the value is certainly outside it: `drop` wants 0 <= p <= 1, `clip` a bound above 0, `ema` 0 <= beta < 1.";
        "drop(g, 1.5)" => "drop(g, 0.5)";
    E0402 "nothing to debias":
        "`debias` divides an exponential moving average by 1 - beta^(t+1), so it needs the `ema` itself, with a beta known when the script runs.";
        "debias(g^2)" => "debias(ema(g^2, 0.999))";
    E0403 "rule needs a matrix":
        "The rule uses matrix operations, so it runs on parameters of shape `[r, c]` only. A test function has a vector of coordinates.";
        "bench([muon], on: rosenbrock)" => "bench([momentum], on: rosenbrock)";
    E0404 "no test function":
        "A test function computes one number from its own arguments with arithmetic, `where` and elementary functions: it has no gradient, step, state or noise of its own. Noise on its gradient is the named argument `noise:`.";
        "objective(fn(x) => x^2 + g, start: [1])" => "objective(fn(x) => x^2, start: [1])";
    E0501 "index out of range":
        "A list's items are numbered from 0; negative numbers count from its end.";
        "[1, 2, 3][3]" => "[1, 2, 3][2]";
    E0502 "calls nest too deeply":
        "Functions may call functions about a hundred levels deep. Programs written by hand stay far below; a generated one can define intermediate values with `let`.";
        "" => "";
    E0503 "file cannot be read":
        "The file is missing, is a folder, or is not readable by this user.";
        "use \"no_such_file.nos\"" => "";
    E0504 "file cannot be written":
        "The folder is missing or not writable, or the name ends in a format that is not known.";
        "save(\"text\", \"no/such/folder/a.txt\")" => "";
    E0505 "table of numbers cannot be read":
        "A CSV file has one row per step and one column per element, all numbers, no header, every row as long as the first.";
        "" => "";
    E0506 "stopped":
        "The job was interrupted. What was done until then is kept where it can be.";
        "" => "";
    E0507 "too large":
        "A list holds at most ten million items, and a run takes at most a billion steps.";
        "range(1e12)" => "range(1e3)";
    E0508 "value outside what this takes":
        "The value was computed, and is not one the function takes: steps below 1, a learning rate that is not above 0, a grid of no points.";
        "bench(sgd, on: rosenbrock, lr: [0.1, 0])" => "bench(sgd, on: rosenbrock, lr: [0.1, 0.01])";
    E0509 "rule as text cannot be read":
        "The text is not a rule of the paper's five-token groups, or not a rule of the language.";
        "from_tokens(\"g m sign sign\")" => "from_tokens(\"g m sign sign mul\")";
    E0510 "no five-token form":
        "The paper's strings write a rule as at most four groups `op1 op2 u1 u2 b` over a fixed set of operands and functions. Whatever way this rule is written, it uses something outside them, or no four groups were found for it.";
        "tokens(tanh(g))" => "tokens(sign(g) * g)";
    E0601 "unknown task":
        "A task is a test function (one of the standard library, or your own made with `objective`) or a network with its data, such as `cifar(convnet)`.";
        "bench([sgd], on: \"rosenbruck\")" => "bench([sgd], on: \"rosenbrock\")";
    E0602 "start and coordinates differ":
        "A test function needs one start value for each of its arguments, and each minimum has as many coordinates.";
        "objective(fn(x, y) => x^2 + y^2, start: [1])" => "objective(fn(x, y) => x^2 + y^2, start: [1, 1])";
    E0603 "task does not fit together":
        "Images are learned by `convnet`, `wrn`, `mlp` and `logistic`, words by `lstm`. A wide residual network has 6 n + 4 layers. A text is not validated on itself.";
        "cifar(lstm)" => "cifar(convnet)";
    E0604 "data are missing or broken":
        "CIFAR-10 in its original binary layout and the Penn Treebank are looked for in the folder `data:` of the task, else in the one of `--data` or the environment variable NOS_DATA. `synthetic(net)` needs no files.";
        "" => "";
    E0605 "nothing here can train networks":
        "Networks are trained by a program of its own, `nos-lab`. It was not found, it could not be started, or it could not do what it was asked for.";
        "train(sgd, on: synthetic(logistic), lr: 0.1)" => "";
    E0606 "option of another kind of task":
        "A race on a test function has steps; training has epochs, examples and batches. The option belongs to the other kind of task.";
        "bench(sgd, on: rosenbrock, epochs: 5)" => "bench(sgd, on: rosenbrock, steps: 500)";
    E0607 "store of runs cannot be used":
        "Runs are kept in a file, `nos.db` in the working folder unless `--store` or the environment variable NOS_STORE names another. The file is no store, was written by a newer version, cannot be written, or has no such run.";
        "load(1)" => "";
    W0301 "unused":
        "The program does something, and never uses this. A name that starts with `_` is never reported.";
        "let base = 2\nprint(sign(g))" => "let base = 2\nprint(base^sign(g))";
    W0302 "standard name redefined":
        "The name is one of the standard library's; from here on it means the new definition, here and not inside the library.";
        "rule adam = sign(g)\nadam" => "rule my_adam = sign(g)\nmy_adam";
    W0401 "update does not depend on the gradient":
        "The rule never looks at the gradient, so it cannot follow the loss downhill. It stays legal: searches meet such rules.";
        "rule r = 0.1 * w\nr" => "rule r = g + 0.1 * w\nr";
    W0402 "may divide by zero":
        "The divisor can be exactly 0: gradients of dead units are, and so is everything computed from them. Add `delta`, or divide by something above 0.";
        "rule r = g / sqrt(v)\nr" => "rule r = g / (sqrt(v) + delta)\nr";
    W0403 "power of a negative number":
        "A negative base under an exponent that is no whole number has no real value: the update becomes NaN and the rule fails there.";
        "rule r = m ^ 0.5\nr" => "rule r = |m| ^ 0.5\nr";
    W0404 "root or logarithm of a negative number":
        "The argument can be negative, where the result is NaN. The paper's functions take the absolute value: `sqrt|x|`, `log|x|`.";
        "rule r = sqrt(g)\nr" => "rule r = sqrt|g|\nr";
    W0405 "constant rule":
        "The update is the same number everywhere and always.";
        "rule r = 1\nr" => "rule r = sign(g)\nr";
}

impl Code {
    /// The code's row of the table.
    pub fn info(self) -> &'static CodeInfo {
        &CODES[self as usize]
    }

    /// The code with this spelling, in either case.
    pub fn by_name(name: &str) -> Option<Self> {
        CODES
            .iter()
            .find(|row| row.name.eq_ignore_ascii_case(name))
            .map(|row| row.code)
    }

    /// How much it matters.
    pub fn severity(self) -> Severity {
        if self.info().name.starts_with('W') {
            Severity::Warning
        } else {
            Severity::Error
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.info().name)
    }
}
