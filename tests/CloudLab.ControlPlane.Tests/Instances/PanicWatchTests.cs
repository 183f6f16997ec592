using System.Text;
using CloudLab.ControlPlane.Instances;
using CsCheck;
using Xunit;

namespace CloudLab.ControlPlane.Tests.Instances;

public sealed class PanicWatchTests
{
    private readonly List<string> _seen = [];

    [Fact]
    public void The_line_of_a_panic_is_reported_from_its_words_on()
    {
        Say("[    1.2] VFS: Cannot open root device\r\n[    1.3] Kernel panic - not syncing: VFS: Unable to mount root fs\r\n[    1.4] CPU: 0\r\n");
        Assert.Equal(["Kernel panic - not syncing: VFS: Unable to mount root fs"], _seen);
    }

    [Fact]
    public void A_kernel_that_stays_where_it_panicked_is_reported_once()
    {
        Say("[    1.3] Kernel panic - not syncing: why\r\n[    1.4] CPU: 0\r\n[    1.5] ---[ end Kernel panic - not syncing: why ]---\r\n");
        Assert.Equal(["Kernel panic - not syncing: why"], _seen);
    }

    [Fact]
    public void It_does_not_matter_how_the_output_is_cut() =>
        (from cuts in Gen.Int[0, 60].Array[0, 10] select cuts).Sample(cuts =>
        {
            List<string> seen = [];
            byte[] output = Encoding.ASCII.GetBytes("boot\nx Kernel panic - not syncing: again\nrest");
            var watch = new PanicWatch(seen.Add);
            int from = 0;
            foreach (int cut in cuts.Order().Where(cut => cut < output.Length).Append(output.Length))
            {
                watch.Receive(output.AsSpan(from, cut - from));
                from = cut;
            }

            Assert.Equal(["Kernel panic - not syncing: again"], seen);
        });

    [Fact]
    public void A_line_without_end_is_bounded_and_what_cannot_be_printed_is_left_out()
    {
        Say("Kernel panic - not syncing: \u001b[31m" + new string('y', 100_000) + "\n");
        string line = Assert.Single(_seen);
        Assert.StartsWith("Kernel panic - not syncing: [31myyy", line, StringComparison.Ordinal);
        Assert.InRange(line.Length, 200, 256);
    }

    [Fact]
    public void Other_output_is_none_of_its_business()
    {
        Say("Kernel panic\nnot syncing\nkernel panic - not syncing\n");
        Assert.Empty(_seen);
    }

    private void Say(string text) => new PanicWatch(_seen.Add).Receive(Encoding.Latin1.GetBytes(text));
}
