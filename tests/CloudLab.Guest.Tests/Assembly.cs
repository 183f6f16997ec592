using CloudLab.Guest.Tests.Harness;
using CloudLab.Testing;

// Two at a time: a guest that boots keeps a core busy, and the machines that build this have two.
[assembly: Xunit.v3.Parallelization(MaxThreads = 2)]
[assembly: AssemblyFixture(typeof(BootImage))]
[assembly: AssemblyFixture(typeof(SharedPostgres))]
