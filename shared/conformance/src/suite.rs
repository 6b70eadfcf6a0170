//! The list of a suite's cases, written once: it makes the `CASES` and the macro that makes a test of each.

/// `cases!(($) name_of_the_macro, module, Ports; file::case, file::case if flag, ..)`, with `Ports, What` where the
/// flags are those of `What` and not of `Capabilities`. The `($)` lets the macro that is made have parameters of its own.
macro_rules! cases {
    (($d:tt) $suite:ident, $module:ident, $ports:ty $(, $can:ty)?; $($file:ident::$case:ident $(if $flag:ident $(& $more:ident)*)?),+ $(,)?) => {
        /// Every case of this suite; those behind a capability are run where the subject has it.
        pub const CASES: &[$crate::Case<$ports $(, $can)?>] = &[$(
            $crate::Case {
                name: stringify!($case),
                needs: |_can| true $(&& _can.$flag $(&& _can.$more)*)?,
                run: |subject| Box::pin($file::$case(subject)),
            },
        )+];

        /// Makes a test of every case. `subject` is an async function that makes a fresh subject; `cases` the number
        /// of cases that are run on it.
        #[macro_export]
        macro_rules! $suite {
            (cases: $d count:expr, subject: $d subject:expr) => {
                $(
                    #[test]
                    fn $case() {
                        $crate::run($crate::$module::CASES, stringify!($case), $d subject);
                    }
                )+

                #[test]
                fn the_number_of_cases_run_is_the_one_written_here() {
                    $crate::assert_count($crate::$module::CASES, $d count, $d subject);
                }
            };
        }
    };
}
