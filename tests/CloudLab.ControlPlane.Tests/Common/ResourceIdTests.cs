using CloudLab.ControlPlane.Common;
using CloudLab.ControlPlane.Identity;
using CloudLab.ControlPlane.Images;
using CloudLab.ControlPlane.Instances;
using CsCheck;
using Xunit;

namespace CloudLab.ControlPlane.Tests.Common;

public sealed class ResourceIdTests
{
    [Fact]
    public void A_new_id_parses_to_itself()
    {
        InstanceId id = InstanceId.New();
        Assert.True(InstanceId.TryParse(id.Value, out InstanceId parsed));
        Assert.Equal(id, parsed);
        Assert.Equal("i-".Length + 17, id.ToString().Length);
        Assert.NotEqual(id, InstanceId.New());
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("i-")]
    [InlineData("i-0123456789abcdef")]
    [InlineData("i-0123456789abcdef01")]
    [InlineData("i-0123456789ABCDEF0")]
    [InlineData("i-0123456789abcdeg0")]
    [InlineData("I-0123456789abcdef0")]
    [InlineData(" i-0123456789abcdef0")]
    [InlineData("i-0123456789abcdef\n")]
    [InlineData("ami-0123456789abcdef0")]
    public void What_is_not_exactly_an_id_is_none(string? text)
    {
        Assert.False(InstanceId.TryParse(text, out InstanceId id));
        Assert.Equal("", id.Value);
    }

    [Fact]
    public void Ids_of_different_kinds_do_not_parse_as_each_other()
    {
        Assert.False(ImageId.TryParse(InstanceId.New().Value, out _));
        Assert.False(TokenId.TryParse(ImageId.New().Value, out _));
        Assert.Throws<FormatException>(() => ResourceId.Parse<TokenId>("tok-"));
    }

    [Fact]
    public void Any_text_parses_only_if_it_has_the_form() => Gen.String.Sample(text =>
    {
        bool hasForm = text.Length == 19 && text.StartsWith("i-", StringComparison.Ordinal)
            && text[2..].All(c => c is (>= '0' and <= '9') or (>= 'a' and <= 'f'));
        return InstanceId.TryParse(text, out _) == hasForm;
    });

    [Fact]
    public void An_account_id_is_twelve_digits()
    {
        AccountId id = AccountId.New();
        Assert.True(AccountId.TryParse(id.Value, out AccountId parsed));
        Assert.Equal(id, parsed);
        Assert.False(AccountId.TryParse("12345678901", out _));
        Assert.False(AccountId.TryParse("1234567890123", out _));
        Assert.False(AccountId.TryParse("12345678901x", out _));
        Assert.False(AccountId.TryParse("١٢٣٤٥٦٧٨٩٠١٢", out _));
    }

    [Fact]
    public void Enumerations_have_hyphenated_texts_that_parse_back()
    {
        Assert.Equal("shutting-down", EnumText.Of(InstanceState.ShuttingDown));
        Assert.Equal("riscv64", EnumText.Of(Architecture.Riscv64));
        foreach (InstanceState state in Enum.GetValues<InstanceState>())
            Assert.Equal(state, EnumText.Parse<InstanceState>(EnumText.Of(state)));
        Assert.False(EnumText.TryParse<InstanceState>("Running", out _));
        Assert.False(EnumText.TryParse<InstanceState>("0", out _));
    }
}
