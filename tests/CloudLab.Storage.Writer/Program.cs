using System.Globalization;
using CloudLab.Storage.Blobs.Objects;
using CloudLab.Storage.Writer;

// A process to be killed or traced by the tests of CloudLab.Storage.
//   write DIRECTORY FIRST    writers that go on until they are killed, with operations from FIRST on; each says what it begins and has done
//   trace DIRECTORY          one write of each kind; says when each is acknowledged
if (args is not [var verb, var directory, ..])
    return 2;
await using var store = ObjectStore.Open(
    new ObjectStoreOptions { Directory = directory, ScrubBytesPerSecond = 0 }, TimeProvider.System);
if (verb == "trace")
    await TracedWrites.RunAsync(store);
else
    await Task.WhenAll(Enumerable.Range(0, WriterOperation.Writers).Select(
        writer => EndlessWriter.RunAsync(store, writer, int.Parse(args[2], CultureInfo.InvariantCulture))));
return 0;
