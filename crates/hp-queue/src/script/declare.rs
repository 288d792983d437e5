/// Declares a script as a struct. Its fields are the keys and arguments of one call, so a call that leaves one out does not
/// compile. The same declaration names them in Lua: `key_open` and `arg_lease`.
///
/// - `queue`: keys that every queue has once, by their names in [`Keys`](crate::keys::Keys).
/// - `order`: keys that depend on the order.
/// - `arguments`: in Lua all of them are text.
///
/// A script may take more values after its arguments: [`Call::arg`](super::Call::arg) adds them, and in Lua they start at
/// `ARGV[FIRST_VALUE]`.
macro_rules! script {
    (
        $(#[$doc:meta])*
        $name:ident $(<$life:lifetime>)? = $file:literal;
        queue: $($queue_key:ident),*;
        order: $($order_key:ident: $order_type:ty),*;
        arguments: $($argument:ident: $type:ty),*;
    ) => {
        $(#[$doc])*
        pub(crate) struct $name $(<$life>)? {
            $(pub(crate) $order_key: $order_type,)*
            $(pub(crate) $argument: $type,)*
        }

        impl $(<$life>)? $name $(<$life>)? {
            pub(crate) const SOURCE: $crate::script::Source = $crate::script::Source {
                file: $file,
                body: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/scripts/", $file)),
                keys: &[$(stringify!($queue_key),)* $(stringify!($order_key),)*],
                arguments: &[$(stringify!($argument),)*],
            };

            pub(crate) fn call(&self, keys: &$crate::keys::Keys) -> $crate::script::Call {
                static SCRIPT: std::sync::LazyLock<$crate::script::Script> =
                    std::sync::LazyLock::new(|| $crate::script::Script::new(&$name::SOURCE));
                let call = $crate::script::Call::new(
                    &SCRIPT,
                    &[$(&keys.$queue_key,)* $(self.$order_key,)*],
                );
                $(let call = call.with(&self.$argument);)*
                call
            }
        }
    };
}

pub(crate) use script;
