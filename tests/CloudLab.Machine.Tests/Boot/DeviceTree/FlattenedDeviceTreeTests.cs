using System.Text;
using CloudLab.Machine.Boot.DeviceTree;
using CsCheck;
using Xunit;

namespace CloudLab.Machine.Tests.Boot.DeviceTree;

public sealed class FlattenedDeviceTreeTests
{
    [Fact]
    public void Any_tree_reads_back_as_it_was_written()
    {
        Gen<(string Name, byte[] Value)> property = Gen.Select(
            Gen.Char["abcdefgh,-#"].Array[1, 12].Select(c => new string(c)), Gen.Byte.Array[0, 20]);
        property.Array[0, 12].Select(list => list.DistinctBy(p => p.Name).ToArray()).Array[1, 6].Sample(nodes =>
        {
            // Each node holds the next one and an empty sibling.
            var tree = new FlattenedDeviceTree();
            for (int i = 0; i < nodes.Length; i++)
            {
                tree.BeginNode(i == 0 ? "" : $"node@{i}");
                foreach ((string name, byte[] value) in nodes[i]) tree.Property(name, value);
                tree.BeginNode("leaf");
                tree.EndNode();
            }

            for (int i = 0; i < nodes.Length; i++) tree.EndNode();
            ParsedTree node = ParsedTree.Parse(tree.ToArray());
            for (int i = 0; i < nodes.Length; i++)
            {
                if (i > 0) node = node[$"node@{i}"];
                Assert.Equal(nodes[i].Select(p => p.Name), node.Properties.Keys);
                foreach ((string name, byte[] value) in nodes[i]) Assert.Equal(value, node.Properties[name]);
                Assert.Empty(node["leaf"].Properties);
            }
        }, iter: 500);
    }

    [Fact]
    public void Typed_properties_have_their_formats()
    {
        var tree = new FlattenedDeviceTree();
        tree.BeginNode("");
        tree.Strings("strings", "a", "bc");
        tree.Cells("cells", 1, 0xffff_fffe);
        tree.Wide("wide", 0x1_0000_0002);
        tree.Range("reg", 0x8000_0000, 0x2_0000_0000);
        tree.EndNode();
        ParsedTree root = ParsedTree.Parse(tree.ToArray());
        Assert.Equal(Encoding.ASCII.GetBytes("a\0bc\0"), root.Properties["strings"]);
        Assert.Equal([1, 0xffff_fffe], root.Cells("cells"));
        Assert.Equal([0x1_0000_0002UL], root.Wides("wide"));
        Assert.Equal([0x8000_0000UL, 0x2_0000_0000UL], root.Wides("reg"));
    }

    [Fact]
    public void A_tree_with_an_open_node_is_refused()
    {
        var tree = new FlattenedDeviceTree();
        tree.BeginNode("");
        Assert.Throws<InvalidOperationException>(tree.ToArray);
    }
}
