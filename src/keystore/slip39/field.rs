//! GF(256), the field of AES (FIPS 197, section 4), and interpolation over it: SLIP-0039 does it for every byte of a secret.
//!
//! No table is indexed by a byte and no branch is taken by one, so that time and memory tell nothing about it. Must not
//! know what a byte stands for.

use subtle::{Choice, ConditionallySelectable};
use zeroize::Zeroizing;

use crate::keystore::SecretBytes;

/// What x^8 is: the polynomial of AES without its highest term, x^4 + x^3 + x + 1.
const REDUCTION: u8 = 0x1b;

/// The bytes of a share, and the place at which their polynomials have these values. Places are public.
#[derive(Clone, Copy)]
pub(super) struct Point<'a> {
    /// The place.
    pub(super) x: u8,
    /// One value for each byte of the secret.
    pub(super) y: &'a [u8],
}

/// The values at `x` of the polynomials of least degree through the points (Lagrange). Places of points are all different,
/// and their values equally many.
pub(super) fn interpolate(x: u8, points: &[Point<'_>]) -> SecretBytes {
    let length = points.first().map_or(0, |point| point.y.len());
    let mut sum = Zeroizing::new(vec![0; length]);
    for point in points {
        let weight = weight(x, point.x, points);
        for (byte, value) in sum.iter_mut().zip(point.y) {
            *byte ^= product(*value, weight);
        }
    }
    SecretBytes::new(std::mem::take(&mut *sum))
}

/// The value at `x` of the polynomial that is 1 at `place` and 0 at every other point.
fn weight(x: u8, place: u8, points: &[Point<'_>]) -> u8 {
    let others = points.iter().map(|point| point.x).filter(|other| *other != place);
    let (above, below) =
        others.fold((1, 1), |(above, below), other| (product(above, x ^ other), product(below, place ^ other)));
    product(above, inverse(below))
}

/// The product of two elements: shift and add, every bit in the same way.
fn product(left: u8, right: u8) -> u8 {
    let (mut sum, mut shifted) = (0, left);
    for bit in 0..8 {
        sum ^= u8::conditional_select(&0, &shifted, Choice::from(right >> bit & 1));
        shifted = shifted << 1 ^ u8::conditional_select(&0, &REDUCTION, Choice::from(shifted >> 7));
    }
    sum
}

/// The inverse: the 254th power, as the 255th is 1 for all but zero. Zero gives zero.
fn inverse(element: u8) -> u8 {
    let (mut power, mut result) = (element, 1);
    // 254 = 2 + 4 + 8 + ... + 128
    for _ in 0..7 {
        power = product(power, power);
        result = product(result, power);
    }
    result
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn products_are_those_of_the_standard() {
        // FIPS 197, sections 4.2 and 4.2.1.
        assert_eq!(product(0x57, 0x83), 0xc1);
        assert_eq!([0x02, 0x04, 0x08, 0x10, 0x13].map(|by| product(0x57, by)), [0xae, 0x47, 0x8e, 0x07, 0xfe]);
    }

    #[test]
    fn every_element_but_zero_has_an_inverse() {
        assert_eq!(inverse(0), 0);
        for element in 1..=255 {
            assert_eq!(product(element, inverse(element)), 1, "{element}");
        }
    }

    /// The value at `x` of the polynomial with these coefficients, lowest first.
    fn value(coefficients: &[u8], x: u8) -> u8 {
        coefficients.iter().rev().fold(0, |sum, coefficient| product(sum, x) ^ coefficient)
    }

    proptest! {
        #[test]
        fn a_product_is_the_same_the_other_way_round(a: u8, b: u8, c: u8) {
            prop_assert_eq!(product(a, b), product(b, a));
            prop_assert_eq!(product(a, b ^ c), product(a, b) ^ product(a, c));
            prop_assert_eq!(product(product(a, b), c), product(a, product(b, c)));
        }

        #[test]
        fn as_many_points_as_coefficients_give_the_polynomial(
            polynomials in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..=16), 1..=4),
            places in prop::sample::subsequence((0..=255).collect::<Vec<u8>>(), 16),
            wanted: u8,
        ) {
            let at = |x: u8| polynomials.iter().map(|polynomial| value(polynomial, x)).collect::<Vec<u8>>();
            let values: Vec<_> = places.iter().map(|x| at(*x)).collect();
            let points: Vec<_> = places.iter().zip(&values).map(|(x, y)| Point { x: *x, y }).collect();
            let found = interpolate(wanted, &points);
            prop_assert_eq!(found.as_bytes(), at(wanted));
        }
    }
}
