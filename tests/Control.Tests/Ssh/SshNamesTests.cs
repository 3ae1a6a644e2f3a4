namespace Keyhole.Control.Tests;

public class SshNamesTests
{
    [Theory]
    [Trait("Promise", "B8")]
    [Trait("Threat", "33")]
    [InlineData("ada@example.com", "ada")]
    [InlineData("Ada.Lovelace@example.com", "ada_lovelace")]
    [InlineData("ada+work@example.com", "ada_work")]
    [InlineData("root@example.com", "user_root")]
    [InlineData("ROOT@example.com", "user_root")]
    [InlineData("daemon@example.com", "user_daemon")]
    [InlineData("systemd-resolve@example.com", "user_systemd-resolve")]
    [InlineData("_apt@example.com", "user__apt")]
    [InlineData("-oProxyCommand@example.com", "oproxycommand")]
    [InlineData("a;b@example.com", "ab")]
    [InlineData("$(id)@example.com", "id")]
    [InlineData("2024@example.com", "user")]
    [InlineData("..@example.com", "user")]
    [InlineData("ädä@example.com", "d")]
    [InlineData("админ@example.com", "user")]
    [InlineData("abcdefghijklmnopqrstuvwxyz0123456@example.com", "abcdefghijklmnopqrstuvwxyz012345")]
    public void An_account_is_called_like_what_stands_before_the_at_as_far_as_systems_take_it(string email, string name)
    {
        Assert.Equal(name, SshNames.WantedAccount(email));
        Assert.True(SshAccount.IsName(name));
    }

    [Fact]
    [Trait("Promise", "B8")]
    [Trait("Threat", "33")]
    public void Whatever_the_address_the_name_is_one_that_systems_take_and_nobody_elses()
    {
        var random = new Random(TestSeed.Next());
        const string Letters = "abcXYZ019.-_+!#$%&'*/=?^`{|}~äß日\u202e\n;@: ";
        var taken = new HashSet<string>(StringComparer.Ordinal);
        for (int i = 0; i < 5000; i++)
        {
            string email = $"{string.Concat(Enumerable.Range(0, random.Next(1, 64)).Select(_ => Letters[random.Next(i % 2 == 0 ? 3 : Letters.Length)]))}@example.com";
            string name = SshNames.Free(SshNames.WantedAccount(email), taken.Contains);
            Assert.True(SshAccount.IsName(name) && taken.Add(name), email);
            Assert.NotEqual("root", name);
        }

        Assert.Equal("ada3", SshNames.Free("ada", name => name is "ada" or "ada2"));
        string longest = new('a', 32);
        Assert.Equal(longest[..31] + "2", SshNames.Free(longest, name => name == longest));
    }

    [Fact]
    [Trait("Promise", "B8")]
    [Trait("Threat", "33")]
    public void A_name_that_a_host_gave_to_somebody_who_is_gone_is_nobody_elses()
    {
        var ssh = SshState.None with { HostAccounts = [new SshHostAccount(7, "ada", 4), new SshHostAccount(7, "ada3", 9)] };
        var ada = new User(9, "ada@example.com", []);
        Assert.Equal("ada2", SshAccounts.WantedBy(SshAccounts.Named(ssh, ada), 9));
        Assert.Equal("ada", SshAccounts.WantedBy(SshAccounts.Named(SshState.None, ada), 9));
    }

    [Theory]
    [Trait("Promise", "B8")]
    [InlineData("ada", "ada", true)]
    [InlineData("ada2", "ada", true)]
    [InlineData("ada17", "ada", true)]
    [InlineData("ada22", "ada2", true)]
    [InlineData("abcdefghijklmnopqrstuvwxyz01234", "abcdefghijklmnopqrstuvwxyz01234", true)]
    [InlineData("abcdefghijklmnopqrstuvwxyz012342", "abcdefghijklmnopqrstuvwxyz012345", true)]
    [InlineData("ada1", "ada", false)]
    [InlineData("ada02", "ada", false)]
    [InlineData("ad2", "ada", false)]
    [InlineData("ada2x", "ada", false)]
    [InlineData("eve", "ada", false)]
    [InlineData("ada", "ada2", false)]
    [InlineData("ada99999999999999999999", "ada", false)]
    public void A_host_numbers_the_name_that_was_asked_for(string name, string wanted, bool good) => Assert.Equal(good, SshNames.IsNumbered(name, wanted));

    [Theory]
    [Trait("Threat", "34")]
    [InlineData("keyhole:A:7:T:ada", true)]
    [InlineData("keyhole:A:7:T:root", false)]
    [InlineData("keyhole:A:8:T:ada", false)]
    [InlineData("keyhole:A:07:T:ada", false)]
    [InlineData("keyhole:B:7:T:ada", false)]
    [InlineData("keyhole:A:7:T:ada:x", false)]
    [InlineData("keyhole:A:7:short:ada", false)]
    [InlineData("ada", false)]
    public void A_principal_is_of_this_organisation_this_resource_and_this_account(string principal, bool good)
    {
        string authority = new('a', 32), token = new('7', 32);
        string full = principal.Replace(":A:", $":{authority}:", StringComparison.Ordinal).Replace(":B:", $":{new string('b', 32)}:", StringComparison.Ordinal).Replace(":T:", $":{token}:", StringComparison.Ordinal);
        Assert.Equal(good, SshNames.IsPrincipal(full, authority, 7, "ada"));
        Assert.False(SshNames.IsPrincipal(full + "\n", authority, 7, "ada"));
    }
}
