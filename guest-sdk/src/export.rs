//! The only macro by example: what an author can't write by hand.

/// Makes the crate a wasmill plugin: exports the contract for the type that implements [`crate::Plugin`] or
/// [`crate::Stateless`]. Once per crate, in its root.
///
/// Name, version and doc of the manifest are the package's name, version and description in Cargo.toml.
///
/// ```text
/// wasmill_sdk::export!(Loyalty);
/// ```
#[macro_export]
macro_rules! export {
    ($plugin:ty) => {
        #[doc(hidden)]
        pub mod wasmill_exported {
            #[allow(unused_imports, reason = "the type may be named by a path")]
            use super::*;

            const _: () = $crate::private::is_plugin::<$plugin>();
            const _: () = assert!(
                $crate::telemetry::Counter::in_order(<$plugin as $crate::Plugin>::COUNTERS),
                "COUNTERS must list the counters in the order of their numbers, from 0 on"
            );

            /// The plugin's manifest.
            pub fn describe() -> ::std::string::String {
                $crate::private::describe::<$plugin>($crate::private::Identity {
                    name: ::core::env!("CARGO_PKG_NAME"),
                    version: ::core::env!("CARGO_PKG_VERSION"),
                    doc: ::core::env!("CARGO_PKG_DESCRIPTION"),
                })
            }

            #[cfg(target_family = "wasm")]
            mod component {
                use super::*;
                use $crate::component::{batch, lifecycle};

                type Running = ($plugin, <$plugin as $crate::Plugin>::Stores);

                ::std::thread_local! {
                    static RUNNING: ::std::cell::RefCell<::std::option::Option<Running>> =
                        const { ::std::cell::RefCell::new(::std::option::Option::None) };
                }

                struct Component;

                impl lifecycle::Guest for Component {
                    fn describe() -> ::std::string::String {
                        super::describe()
                    }

                    fn configure(
                        config: ::std::string::String,
                    ) -> ::std::result::Result<
                        ::std::option::Option<::std::string::String>,
                        ::std::vec::Vec<lifecycle::Problem>,
                    > {
                        let (plugin, overrides) = $crate::component::configure::<$plugin>(&config)?;
                        RUNNING.set(::std::option::Option::Some((plugin, $crate::private::open_stores())));
                        ::std::result::Result::Ok(overrides)
                    }
                }

                impl batch::Guest for Component {
                    fn process(
                        source: batch::Source,
                        data: ::std::vec::Vec<u8>,
                        index: ::std::vec::Vec<u32>,
                    ) -> batch::Reply {
                        RUNNING.with_borrow_mut(|running| match running {
                            ::std::option::Option::Some(running) => {
                                $crate::component::process::<$plugin>(running, source, &data, &index)
                            }
                            ::std::option::Option::None => ::std::panic!("configure comes before the first batch"),
                        })
                    }
                }

                $crate::component::export!(Component with_types_in $crate::component);
            }
        }
    };
}
