using CloudLab.ControlPlane.Images.Debian;
using Xunit;

namespace CloudLab.ControlPlane.Tests.Images;

public sealed class AptMirrorTests
{
    [Fact]
    public void The_main_archive_is_chosen_among_updates_and_security() =>
        Assert.Equal("http://mirror.example/debian/", AptMirror.Choose(
        [
            "Debian|main|bookworm-security|http://security.example/debian-security/",
            "Debian|main|bookworm-updates|http://updates.example/debian/",
            "Debian|main|bookworm|http://mirror.example/debian/",
        ]));

    [Fact]
    public void Other_origins_and_components_are_passed_over() =>
        Assert.Equal("https://mirror.example/pub/debian/", AptMirror.Choose(
        [
            "Node Source|main|nodistro|https://node.example/debian/",
            "Docker|stable|bookworm|https://docker.example/linux/debian/",
            "Debian|contrib|bookworm|https://mirror.example/pub/debian/",
            "Debian|main|bookworm|https://mirror.example/pub/debian/",
        ]));

    [Fact]
    public void Without_lists_a_mirror_is_known_by_its_shape() =>
        Assert.Equal("http://mirror.example/debian/", AptMirror.Choose(
        [
            "$(ORIGIN)|main|nodistro|https://node.example/node_20.x/",
            "$(ORIGIN)|stable|bookworm|https://docker.example/linux/debian/",
            "$(ORIGIN)|main|bookworm-updates|http://mirror.example/debian/",
            "$(ORIGIN)|main|bookworm-security|http://mirror.example/debian-security/",
            "$(ORIGIN)|main|bookworm|http://mirror.example/debian/",
        ]));

    [Fact]
    public void The_mirror_lists_of_cloud_images_count() =>
        Assert.Equal("mirror+file:/etc/apt/mirrors/debian.list/", AptMirror.Choose(
        [
            "$(ORIGIN)|main|bookworm|mirror+file:/etc/apt/mirrors/debian.list/",
        ]));

    [Theory]
    [InlineData("Ubuntu|main|noble|http://mirror.example/ubuntu/")]
    [InlineData("$(ORIGIN)|main|noble|http://mirror.example/ubuntu/")]
    [InlineData("Debian|main|bookworm|cdrom:[Debian GNU/Linux 12]/")]
    [InlineData("Debian|main")]
    [InlineData("")]
    public void What_is_no_Debian_mirror_is_not_taken_for_one(string line) => Assert.Null(AptMirror.Choose([line]));

    [Theory]
    [InlineData("http://mirror.example/debian", true)]
    [InlineData("file:/srv/debian", true)]
    [InlineData("mirror.example", false)]
    [InlineData("http://mirror.example/debian\nTrusted: yes", false)]
    [InlineData("http://mirror.example/a b", false)]
    [InlineData("http:", false)]
    [InlineData("", false)]
    public void A_mirror_is_something_a_sources_file_can_hold(string url, bool usable) =>
        Assert.Equal(usable, AptMirror.IsUsable(url));
}
