//! PHP's sort, step by step.
//!
//! PHP's comparison has cycles (`"9" < "10" < "1a" < "9"`), and for such a set the result depends on
//! which elements a sort compares, and when. So this takes the same steps as PHP: small sets by
//! comparison networks and insertion, large ones by partition around a median.

/// Above this many elements PHP partitions.
const SMALL: usize = 16;

/// From this many elements PHP looks at five places for the pivot, not three.
const LARGE: usize = 1024;

/// Sorts in PHP's way. `greater` is to break ties by the order of appearance.
pub(super) fn sort<T: Copy>(mut items: &mut [T], greater: &impl Fn(T, T) -> bool) {
    while items.len() > SMALL {
        let pivot = partition(items, greater);
        let (left, rest) = items.split_at_mut(pivot);
        let right = &mut rest[1..];
        // Both sides are independent; going down into the smaller one bounds the depth.
        let (small, large) = if left.len() < right.len() {
            (left, right)
        } else {
            (right, left)
        };
        sort(small, greater);
        items = large;
    }
    match items.len() {
        0 | 1 => {}
        count @ 2..=5 => few(items, &[0, 1, 2, 3, 4][..count], greater),
        _ => insertion(items, greater),
    }
}

/// Sorts the two to five elements at these places.
fn few<T: Copy>(items: &mut [T], places: &[usize], greater: &impl Fn(T, T) -> bool) {
    match *places {
        [a, b] => {
            swap_if_greater(items, a, b, greater);
        }
        [a, b, c] => three(items, [a, b, c], greater),
        [ref rest @ .., _] => {
            few(items, rest, greater);
            sink(items, places, greater);
        }
        [] => {}
    }
}

fn three<T: Copy>(items: &mut [T], [a, b, c]: [usize; 3], greater: &impl Fn(T, T) -> bool) {
    if !greater(items[a], items[b]) {
        if swap_if_greater(items, b, c, greater) {
            swap_if_greater(items, a, b, greater);
        }
    } else if !greater(items[c], items[b]) {
        items.swap(a, c);
    } else {
        items.swap(a, b);
        swap_if_greater(items, b, c, greater);
    }
}

/// Moves the last of the places down until it fits; the others are in order.
fn sink<T: Copy>(items: &mut [T], places: &[usize], greater: &impl Fn(T, T) -> bool) {
    for pair in places.windows(2).rev() {
        if !swap_if_greater(items, pair[0], pair[1], greater) {
            return;
        }
    }
}

fn swap_if_greater<T: Copy>(
    items: &mut [T],
    a: usize,
    b: usize,
    greater: &impl Fn(T, T) -> bool,
) -> bool {
    let swaps = greater(items[a], items[b]);
    if swaps {
        items.swap(a, b);
    }
    swaps
}

/// Insertion: the first six one by one, the others in steps of two.
fn insertion<T: Copy>(items: &mut [T], greater: &impl Fn(T, T) -> bool) {
    for at in 1..items.len() {
        let item = items[at];
        if !greater(items[at - 1], item) {
            continue;
        }
        let larger = |place: usize| greater(items[place], item);
        let place = if at < 6 {
            by_ones(at, larger)
        } else {
            by_twos(at, larger)
        };
        items[place..=at].rotate_right(1);
    }
}

/// The left neighbour of `at` is known to be larger.
fn by_ones(at: usize, larger: impl Fn(usize) -> bool) -> usize {
    (0..at - 1)
        .rev()
        .find(|place| !larger(*place))
        .map_or(0, |place| place + 1)
}

/// The left neighbour of `at` is known to be larger.
fn by_twos(at: usize, larger: impl Fn(usize) -> bool) -> usize {
    let mut place = at - 1;
    loop {
        place -= 2;
        if !larger(place) {
            return if larger(place + 1) {
                place + 1
            } else {
                place + 2
            };
        }
        match place {
            0 => return 0,
            1 => return usize::from(!larger(0)),
            _ => {}
        }
    }
}

/// Puts what is smaller left of a pivot and what is larger right of it; gives the pivot's place.
fn partition<T: Copy>(items: &mut [T], greater: &impl Fn(T, T) -> bool) -> usize {
    choose_pivot(items, greater);
    let pivot = items[1];
    let (mut left, mut right) = (2, items.len() - 1);
    'met: loop {
        while greater(pivot, items[left]) {
            left += 1;
            if left == right {
                break 'met;
            }
        }
        loop {
            right -= 1;
            if right == left {
                break 'met;
            }
            if !greater(items[right], pivot) {
                break;
            }
        }
        items.swap(left, right);
        left += 1;
        if left == right {
            break;
        }
    }
    items.swap(1, left - 1);
    left - 1
}

/// Brings the median of a few places to place 1.
fn choose_pivot<T: Copy>(items: &mut [T], greater: &impl Fn(T, T) -> bool) {
    let (middle, last) = (items.len() / 2, items.len() - 1);
    if items.len() < LARGE {
        few(items, &[0, middle, last], greater);
    } else {
        let quarter = middle / 2;
        few(
            items,
            &[0, quarter, middle, middle + quarter, last],
            greater,
        );
    }
    items.swap(1, middle);
}
