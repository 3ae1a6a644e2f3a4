using System.Text;

namespace Keyhole.Control.Tests;

public class SecondFactorTests
{
    private static readonly byte[] RfcSecret = Encoding.ASCII.GetBytes("12345678901234567890");

    [Theory]
    [InlineData(59, "94287082")]
    [InlineData(1111111109, "07081804")]
    [InlineData(1111111111, "14050471")]
    [InlineData(1234567890, "89005924")]
    [InlineData(2000000000, "69279037")]
    [InlineData(20000000000, "65353130")]
    public void Rfc6238_appendix_B(long seconds, string code)
    {
        long step = Totp.StepAt(DateTimeOffset.FromUnixTimeSeconds(seconds));
        Assert.Equal(code, Totp.Code(RfcSecret, step, digits: 8));
        Assert.Equal(code[2..], Totp.Code(RfcSecret, step));
    }

    [Fact]
    [Trait("Promise", "A4")]
    [Trait("Threat", "27")]
    public void A_code_is_taken_one_step_early_or_late_and_only_once()
    {
        var now = DateTimeOffset.FromUnixTimeSeconds(1234567890);
        long present = Totp.StepAt(now);
        for (long step = present - 3; step <= present + 3; step++)
        {
            long? match = Totp.Match(RfcSecret, Totp.Code(RfcSecret, step), now, lastStep: 0);
            Assert.Equal(Math.Abs(step - present) <= 1 ? step : null, match);
        }

        string code = Totp.Code(RfcSecret, present);
        Assert.Equal(present, Totp.Match(RfcSecret, code, now, present - 1));
        Assert.Null(Totp.Match(RfcSecret, code, now, present));
        Assert.Null(Totp.Match(RfcSecret, Totp.Code(RfcSecret, present - 1), now, present));
    }

    [Theory]
    [InlineData("")]
    [InlineData("00592")]
    [InlineData("0059245")]
    [InlineData("00592a")]
    [InlineData("٠٠٥٩٢٤")]
    public void What_is_no_code_is_refused(string code) =>
        Assert.Null(Totp.Match(RfcSecret, code, DateTimeOffset.FromUnixTimeSeconds(1234567890), 0));

    [Theory]
    [InlineData("", "")]
    [InlineData("f", "MY")]
    [InlineData("fo", "MZXQ")]
    [InlineData("foo", "MZXW6")]
    [InlineData("foob", "MZXW6YQ")]
    [InlineData("fooba", "MZXW6YTB")]
    [InlineData("foobar", "MZXW6YTBOI")]
    public void Rfc4648_section_10(string plain, string encoded) => Assert.Equal(encoded, Base32.Encode(Encoding.ASCII.GetBytes(plain)));

    [Fact]
    public void The_link_for_apps_escapes_names() =>
        Assert.Equal(
            "otpauth://totp/Keyhole%20%26%20Co:ann%40acme.example?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Keyhole%20%26%20Co",
            Totp.Uri(RfcSecret, "Keyhole & Co", "ann@acme.example"));

    [Fact]
    public void Recovery_codes_are_ten_different_ones_that_belong_to_one_account()
    {
        var codes = RecoveryCodes.New();
        Assert.Equal(10, codes.Distinct().Count());
        Assert.All(codes, code => Assert.Matches("^([a-z2-9]{4}-){3}[a-z2-9]{4}$", code));
        string? hash = RecoveryCodes.Hash(7, codes[0]);
        Assert.NotNull(hash);
        Assert.Equal(hash, RecoveryCodes.Hash(7, codes[0].ToUpperInvariant().Replace('-', ' ')));
        Assert.NotEqual(hash, RecoveryCodes.Hash(8, codes[0]));
        Assert.Null(RecoveryCodes.Hash(7, codes[0][1..]));
        Assert.Null(RecoveryCodes.Hash(7, new string('a', 100_000)));
    }

    [Fact]
    public void User_codes_hold_no_letter_that_is_mistaken_for_another()
    {
        for (int i = 0; i < 200; i++)
        {
            string code = UserCode.New();
            Assert.Matches("^[BCDFGHJKLMNPQRSTVWXZ]{8}$", code);
            Assert.Equal(code, UserCode.Parse($" {UserCode.Format(code).ToLowerInvariant()} "));
        }

        Assert.Null(UserCode.Parse("ABCD-EFGH"));
        Assert.Null(UserCode.Parse("BCDF-GHJ"));
        Assert.Null(UserCode.Parse(new string('B', 100_000)));
    }
}
