//! PHP's sort algorithm, step by step.
//!
//! PHP's comparison has cycles (`"9" < "10" < "1a" < "9"`). For such a set the result depends on which elements a sort
//! compares, and when. So this module takes the same steps as PHP: comparison networks and insertion for small sets,
//! partition around a median for large ones.

/// PHP partitions sets of more elements than this.
const SMALL: usize = 16;

/// From this many elements, PHP chooses the pivot from five elements in place of three.
const LARGE: usize = 1024;

/// Sorts as PHP does. `greater` must break ties by the order of appearance.
pub(super) fn sort<T: Copy>(mut items: &mut [T], greater: &impl Fn(T, T) -> bool) {
    while items.len() > SMALL {
        let pivot = partition(items, greater);
        let (left, rest) = items.split_at_mut(pivot);
        let right = &mut rest[1..];
        // Recursion into the smaller side bounds the depth.
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
        count @ 2..=5 => network(items, &[0, 1, 2, 3, 4][..count], greater),
        _ => insertion(items, greater),
    }
}

/// Sorts the two to five elements at these places with a comparison network.
fn network<T: Copy>(items: &mut [T], places: &[usize], greater: &impl Fn(T, T) -> bool) {
    match *places {
        [a, b] => {
            swap_if_greater(items, a, b, greater);
        }
        [a, b, c] => three(items, [a, b, c], greater),
        [ref rest @ .., _] => {
            network(items, rest, greater);
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

/// Moves the element at the last place down to its place among the others, which are in order.
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

/// Sorts by insertion: the first six elements in steps of one, the others in steps of two.
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

/// Finds the place to insert at, in steps of one. The left neighbour of `at` is larger.
fn by_ones(at: usize, larger: impl Fn(usize) -> bool) -> usize {
    (0..at - 1)
        .rev()
        .find(|place| !larger(*place))
        .map_or(0, |place| place + 1)
}

/// Finds the place to insert at, in steps of two. The left neighbour of `at` is larger.
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

/// Moves smaller elements to the left of a pivot and larger ones to its right. Returns the place of the pivot.
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

/// Moves the median of three or five elements to place 1.
fn choose_pivot<T: Copy>(items: &mut [T], greater: &impl Fn(T, T) -> bool) {
    let (middle, last) = (items.len() / 2, items.len() - 1);
    if items.len() < LARGE {
        network(items, &[0, middle, last], greater);
    } else {
        let quarter = middle / 2;
        network(
            items,
            &[0, quarter, middle, middle + quarter, last],
            greater,
        );
    }
    items.swap(1, middle);
}
