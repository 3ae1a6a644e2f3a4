using System.Runtime.Versioning;
using Keyhole.Agent;

namespace Keyhole.Client.Tests;

[UnsupportedOSPlatform("windows")]
public sealed class LoginRecordTests : IDisposable
{
    private readonly string _directory = Path.Combine(Path.GetTempPath(), $"keyhole-login-{Guid.NewGuid():N}");

    [Fact]
    public void A_login_is_kept_with_its_devices_in_a_file_for_the_owner_alone()
    {
        Assert.Null(LoginRecord.Load(_directory));
        var login = new LoginRecord(new Uri("https://control.example/"), "ann@acme.example", "khs_token", DateTimeOffset.UtcNow.AddDays(30), "acme").With("acme", "device-1", "keyhole_secret");
        login.Save(_directory);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(LoginRecord.FileIn(_directory)));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(_directory));
        var loaded = LoginRecord.Load(_directory)!;
        Assert.Equal((login.Endpoint, login.Account, login.Token, login.Expires, login.Organisation), (loaded.Endpoint, loaded.Account, loaded.Token, loaded.Expires, loaded.Organisation));
        Assert.Equal(("device-1", "keyhole_secret"), loaded.Devices["ACME"]);
        LoginRecord.Delete(_directory);
        Assert.Null(LoginRecord.Load(_directory));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"endpoint":"https://x/","account":"a","token":7,"expires":"never","devices":{}}""")]
    public void A_file_that_is_damaged_says_what_to_do(string content)
    {
        Directory.CreateDirectory(_directory);
        File.WriteAllText(LoginRecord.FileIn(_directory), content);
        File.SetUnixFileMode(LoginRecord.FileIn(_directory), UnixFileMode.UserRead | UnixFileMode.UserWrite);
        Assert.Contains("keyhole login", Assert.Throws<AgentException>(() => LoginRecord.Load(_directory)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_others_can_read_is_refused()
    {
        Directory.CreateDirectory(_directory);
        File.WriteAllText(LoginRecord.FileIn(_directory), "{}");
        File.SetUnixFileMode(LoginRecord.FileIn(_directory), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead);
        Assert.Contains("chmod 600", Assert.Throws<AgentException>(() => LoginRecord.Load(_directory)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("vm", "vm")]
    [InlineData("Ann's MacBook.local", "Ann-s-MacBook.local")]
    [InlineData("..-_", "device")]
    [InlineData("", "device")]
    public void A_device_is_named_after_its_machine(string machine, string name) => Assert.Equal(name, DeviceIdentity.NameOf(machine));

    [Fact]
    public void A_device_s_name_is_as_long_as_names_may_be() => Assert.Equal(63, DeviceIdentity.NameOf(new string('x', 100)).Length);

    [Theory]
    [InlineData(null, "acme", "acme")]
    [InlineData("ACME", "acme,umbrella", "acme")]
    public void The_selected_organisation_or_the_only_one_is_joined(string? selected, string names, string expected) =>
        Assert.Equal(expected, Organisations.Choose(selected, names.Split(',')));

    [Theory]
    [InlineData(null, "acme,umbrella", "keyhole select org")]
    [InlineData("other", "acme", "no user of other")]
    [InlineData(null, "", "no organisation")]
    public void Where_it_is_not_clear_which_one_the_error_says_what_to_do(string? selected, string names, string expected) =>
        Assert.Contains(expected, Assert.Throws<AgentException>(() => Organisations.Choose(selected, names.Split(',', StringSplitOptions.RemoveEmptyEntries))).Message, StringComparison.Ordinal);

    public void Dispose()
    {
        if (Directory.Exists(_directory))
            Directory.Delete(_directory, recursive: true);
    }
}
