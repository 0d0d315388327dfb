//! Double-double numbers: an unevaluated sum of two f64, about 32 digits.
//!
//! Addition, product, quotient and root are those of Dekker (1971) and of Hida, Li and Bailey (2001); each also says whether its
//! result is exact, so that differences which are really zero are known to be. Exponential, logarithm and cosine reduce their
//! argument and sum a series. Accuracy is stated where each is defined.

/// A number `hi + lo` with `|lo|` at most half a unit in the last place of `hi`.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Dd {
    pub(crate) hi: f64,
    pub(crate) lo: f64,
}

/// A result, and whether it is exactly that of the operation on real numbers.
pub(crate) type Rounded = (Dd, bool);

pub(crate) const ZERO: Dd = Dd::new(0.0);
pub(crate) const ONE: Dd = Dd::new(1.0);
pub(crate) const E: Dd = Dd {
    hi: std::f64::consts::E,
    lo: 1.445_646_891_729_250_2e-16,
};
pub(crate) const PI: Dd = Dd {
    hi: std::f64::consts::PI,
    lo: 1.224_646_799_147_353_2e-16,
};
const HALF_PI: Dd = Dd {
    hi: std::f64::consts::FRAC_PI_2,
    lo: 6.123_233_995_736_766e-17,
};
const LN_2: Dd = Dd {
    hi: std::f64::consts::LN_2,
    lo: 2.319_046_813_846_299_6e-17,
};

/// 1/n! for n from 3.
#[rustfmt::skip] // a table reads better with one row a number
const INVERSE_FACTORIALS: [Dd; 25] = [
    Dd { hi: 0.166_666_666_666_666_66, lo: 9.251_858_538_542_97e-18 },
    Dd { hi: 0.041_666_666_666_666_664, lo: 2.312_964_634_635_742_7e-18 },
    Dd { hi: 0.008_333_333_333_333_333, lo: 1.156_482_317_317_871_4e-19 },
    Dd { hi: 0.001_388_888_888_888_889, lo: -5.300_543_954_373_577e-20 },
    Dd { hi: 0.000_198_412_698_412_698_4, lo: 1.720_955_829_342_070_5e-22 },
    Dd { hi: 2.480_158_730_158_73e-5, lo: 2.151_194_786_677_588_2e-23 },
    Dd { hi: 2.755_731_922_398_589_3e-6, lo: -1.858_393_274_046_472e-22 },
    Dd { hi: 2.755_731_922_398_589e-7, lo: 2.376_771_462_225_029_7e-23 },
    Dd { hi: 2.505_210_838_544_172e-8, lo: -1.448_814_070_935_912e-24 },
    Dd { hi: 2.087_675_698_786_81e-9, lo: -1.207_345_059_113_26e-25 },
    Dd { hi: 1.605_904_383_682_161_3e-10, lo: 1.258_529_458_875_209_8e-26 },
    Dd { hi: 1.147_074_559_772_972_5e-11, lo: 2.065_551_275_283_074_5e-28 },
    Dd { hi: 7.647_163_731_819_816e-13, lo: 7.038_728_777_334_53e-30 },
    Dd { hi: 4.779_477_332_387_385e-14, lo: 4.399_205_485_834_081e-31 },
    Dd { hi: 2.811_457_254_345_520_6e-15, lo: 1.650_884_273_086_143_3e-31 },
    Dd { hi: 1.561_920_696_858_622_5e-16, lo: 1.191_067_966_027_375_4e-32 },
    Dd { hi: 8.220_635_246_624_33e-18, lo: 2.214_189_411_960_426_5e-34 },
    Dd { hi: 4.110_317_623_312_165e-19, lo: 1.441_297_337_865_952_7e-36 },
    Dd { hi: 1.957_294_106_339_126_3e-20, lo: -1.364_350_383_008_790_8e-36 },
    Dd { hi: 8.896_791_392_450_574e-22, lo: -7.911_402_614_872_376e-38 },
    Dd { hi: 3.868_170_170_630_684e-23, lo: -8.843_177_655_482_344e-40 },
    Dd { hi: 1.611_737_571_096_118_4e-24, lo: -3.684_657_356_450_976_6e-41 },
    Dd { hi: 6.446_950_284_384_474e-26, lo: -1.933_040_423_370_346_5e-42 },
    Dd { hi: 2.479_596_263_224_797_6e-27, lo: -1.295_373_096_476_522_9e-43 },
    Dd { hi: 9.183_689_863_795_546e-29, lo: 1.430_315_039_678_732_2e-45 },
];

fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let s = a + b;
    let part = s - a;
    (s, (a - (s - part)) + (b - part))
}

/// As [`two_sum`], for `|a| >= |b|`.
fn quick_two_sum(a: f64, b: f64) -> (f64, f64) {
    let s = a + b;
    (s, b - (s - a))
}

fn split(a: f64) -> (f64, f64) {
    let t = 134_217_729.0 * a;
    let hi = t - (t - a);
    (hi, a - hi)
}

/// A product and its rounding error; exact while nothing over- or underflows.
fn two_product(a: f64, b: f64) -> (f64, f64) {
    let p = a * b;
    let ((a1, a2), (b1, b2)) = (split(a), split(b));
    (p, ((a1 * b1 - p) + a1 * b2 + a2 * b1) + a2 * b2)
}

impl Dd {
    pub(crate) const fn new(value: f64) -> Self {
        Self { hi: value, lo: 0.0 }
    }

    fn quick(hi: f64, lo: f64) -> Self {
        let (hi, lo) = quick_two_sum(hi, lo);
        Self { hi, lo }
    }

    pub(crate) fn neg(self) -> Self {
        Self {
            hi: -self.hi,
            lo: -self.lo,
        }
    }

    pub(crate) fn abs(self) -> Self {
        if self.hi < 0.0 { self.neg() } else { self }
    }

    /// The sum, within 2^-104 of itself.
    pub(crate) fn add(self, other: Self) -> Rounded {
        let (s, e) = two_sum(self.hi, other.hi);
        let (t, f) = two_sum(self.lo, other.lo);
        let (e, lost1) = two_sum(e, t);
        let first = Self::quick(s, e);
        let (e, lost2) = two_sum(first.lo, f);
        (Self::quick(first.hi, e), lost1 == 0.0 && lost2 == 0.0)
    }

    pub(crate) fn sub(self, other: Self) -> Rounded {
        self.add(other.neg())
    }

    /// The product, within 2^-102 of itself.
    pub(crate) fn mul(self, other: Self) -> Rounded {
        let (p, e) = two_product(self.hi, other.hi);
        let cross = self.hi * other.lo + self.lo * other.hi;
        let exact = (self.lo == 0.0 && other.lo == 0.0)
            || is_power_of_two(self.hi)
            || is_power_of_two(other.hi);
        (Self::quick(p, e + cross), exact)
    }

    /// The product with a power of two.
    fn scale(self, factor: f64) -> Self {
        Self {
            hi: self.hi * factor,
            lo: self.lo * factor,
        }
    }

    /// The quotient, within 2^-100 of itself.
    pub(crate) fn div(self, other: Self) -> Rounded {
        let q1 = self.hi / other.hi;
        let rest = self.sub(other.times(q1)).0;
        let q2 = rest.hi / other.hi;
        let rest = rest.sub(other.times(q2)).0;
        let q3 = rest.hi / other.hi;
        let quotient = Self::quick(q1, q2).add(Self::new(q3)).0;
        let exact = quotient.lo == 0.0
            && other.lo == 0.0
            && two_product(quotient.hi, other.hi) == (self.hi, self.lo);
        (quotient, exact)
    }

    /// The square root of a positive number, within 2^-100 of itself.
    pub(crate) fn sqrt(self) -> Rounded {
        let x = 1.0 / self.hi.sqrt();
        let first = self.hi * x;
        let (p, e) = two_product(first, first);
        let rest = self.sub(Self { hi: p, lo: e }).0;
        let (hi, lo) = two_sum(first, rest.hi * (x * 0.5));
        let root = Self { hi, lo };
        let exact = lo == 0.0 && two_product(hi, hi) == (self.hi, self.lo);
        (root, exact)
    }

    fn times(self, factor: f64) -> Self {
        self.mul(Self::new(factor)).0
    }

    fn plus(self, other: Self) -> Self {
        self.add(other).0
    }

    /// e to this power, for `|x| <= 690`: within 2^-98 (1 + |x|/16) of itself.
    pub(crate) fn exp(self) -> Self {
        if self == ZERO {
            return ONE;
        }
        let twos = (self.hi / LN_2.hi).round();
        let r = self.plus(LN_2.times(-twos)).scale(1.0 / 512.0);
        let mut power = r.mul(r).0;
        let mut sum = r.plus(power.scale(0.5));
        for factor in &INVERSE_FACTORIALS[..6] {
            power = power.mul(r).0;
            sum = sum.plus(power.mul(*factor).0);
        }
        // sum is e^r - 1, and squaring e^r nine times undoes the division by 512.
        for _ in 0..9 {
            sum = sum.scale(2.0).plus(sum.mul(sum).0);
        }
        let half = (twos / 2.0).trunc();
        sum.plus(ONE).scale(half.exp2()).scale((twos - half).exp2())
    }

    /// The natural logarithm of a positive number: within 2^-98 of itself near one, elsewhere within 2^-98 (1 + |log x|).
    pub(crate) fn ln(self) -> Self {
        let from_one = self.sub(ONE).0;
        if from_one.hi.abs() < 0.05 {
            // 2 artanh(z) for z = (x - 1) / (x + 1)
            let z = from_one.div(self.plus(ONE)).0;
            let square = z.mul(z).0;
            let mut power = z;
            let mut sum = z;
            let mut n = 3.0;
            while power.hi.abs() > 1e-34 * z.hi.abs() {
                power = power.mul(square).0;
                sum = sum.plus(power.div(Self::new(n)).0);
                n += 2.0;
            }
            return sum.scale(2.0);
        }
        // One step of Newton's method from the f64 logarithm doubles its digits.
        let first = Self::new(self.hi.ln());
        let rest = self.mul(first.neg().exp()).0.sub(ONE).0;
        let square = rest.mul(rest).0;
        first.plus(rest).plus(square.scale(-0.5))
    }

    /// Cosine of an angle of at most a few turns, within 2^-96.
    pub(crate) fn cos(self) -> Self {
        let quarters = (self.hi / HALF_PI.hi).round();
        let r = self.plus(HALF_PI.times(-quarters));
        match quarters.rem_euclid(4.0) {
            0.0 => r.series(false),
            1.0 => r.series(true).neg(),
            2.0 => r.series(false).neg(),
            _ => r.series(true),
        }
    }

    /// Sine of an angle of at most a few turns, within 2^-96.
    pub(crate) fn sin(self) -> Self {
        self.sub(HALF_PI).0.cos()
    }

    /// How many quarter turns this angle is, where it is a whole number of them up to a relative error.
    pub(crate) fn quarter_turns(self, error: f64) -> Option<f64> {
        let quarters = self.div(HALF_PI).0;
        let nearest = Self::new(quarters.hi.round());
        let off = quarters.sub(nearest).0.hi.abs();
        (off <= error * (1.0 + nearest.hi.abs())).then_some(nearest.hi)
    }

    /// The Taylor series of sine or cosine at zero.
    fn series(self, odd: bool) -> Self {
        let square = self.mul(self).0.neg();
        let (mut power, mut sum) = if odd {
            (self, self)
        } else {
            (square, ONE.plus(square.scale(0.5)))
        };
        let first = usize::from(!odd);
        for factor in INVERSE_FACTORIALS[first..].iter().step_by(2) {
            power = power.mul(square).0;
            sum = sum.plus(power.mul(*factor).0);
        }
        sum
    }

    /// The greatest whole number not above this one.
    pub(crate) fn floor(self) -> Self {
        let hi = self.hi.floor();
        if hi < self.hi {
            return Self::new(hi);
        }
        Self::quick(hi, self.lo.floor())
    }

    /// Whether this is a whole number.
    pub(crate) fn is_whole(self) -> bool {
        self.floor() == self
    }
}

fn is_power_of_two(x: f64) -> bool {
    x.to_bits().trailing_zeros() >= 52 && x.is_normal()
}
