using System.Net;
using System.Text.Json;

namespace Keyhole.Control.Tests;

/// <summary>File, environment and flags: which wins, and what is refused.</summary>
public sealed class ConfigurationTests : IDisposable
{
    private readonly string _file = Path.GetTempFileName();

    public void Dispose() => File.Delete(_file);

    private Configuration Read(string text, Dictionary<string, string>? environment = null, Dictionary<string, string>? flags = null)
    {
        File.WriteAllText(_file, text);
        return Configuration.Read(_file, key => flags?.GetValueOrDefault(key.Flag), variable => environment?.GetValueOrDefault(variable));
    }

    [Fact]
    [Trait("Promise", "O5")]
    public void A_flag_wins_over_the_environment_that_over_the_file_and_that_over_the_default()
    {
        const string Text = "# of this machine\ndata: /file\npublic-url: https://file.example\nlisten: http://127.0.0.1:1\n";
        var printed = Read(Text, new() { ["KEYHOLE_PUBLIC_URL"] = "https://environment.example", ["KEYHOLE_LISTEN"] = "http://127.0.0.1:2", ["KEYHOLE_DATA"] = "" }, new() { ["--listen"] = "http://127.0.0.1:3" })
            .Print().ToDictionary(value => value.Key);
        Assert.Equal(new PrintedValue("data", "/file", $"{_file} line 2"), printed["data"]);
        Assert.Equal(new PrintedValue("public-url", "https://environment.example", "environment KEYHOLE_PUBLIC_URL"), printed["public-url"]);
        Assert.Equal(new PrintedValue("listen", "http://127.0.0.1:3", "flag --listen"), printed["listen"]);
        Assert.Equal(new PrintedValue("tls-key", null, "nobody"), printed["tls-key"]);
        const string Secret = "Host=db;Password=hunter2";
        var masked = Read("", new() { ["KEYHOLE_DATABASE"] = Secret }).Print().Single(value => value.Key == "database");
        Assert.Equal(new PrintedValue("database", "(set, not shown)", "environment KEYHOLE_DATABASE"), masked);
        Assert.Equal(Secret, ServeOptions.Parse(Read($"data: /x\ndatabase: {Secret}\n")).Database);
        Assert.Equal(ServeOptions.DefaultListen, Read("").Find(ConfigurationKeys.Listen));
        Assert.Equal("/there", Configuration.Read(null, _ => null, variable => variable == Configuration.FileVariable ? Write("data: /there\n") : null).Find(ConfigurationKeys.Data));
    }

    [Theory]
    [InlineData("lisen: x\n", "1:1: \"lisen\": unknown key; did you mean \"listen\"?")]
    [InlineData("listen: x\nlisten: y\n", "written twice, first on line 1")]
    [InlineData("listen: { a: b }\n", "a single value is needed")]
    [InlineData("allow-http: maybe\n", "neither true nor false")]
    [InlineData("- listen\n", "a group of keys is needed")]
    [InlineData("listen: [\n", "this is no YAML")]
    [Trait("Promise", "O5")]
    public void What_the_file_should_not_hold_is_an_error_with_its_place(string text, string problem) =>
        Assert.Contains(problem, Assert.Throws<OperatorException>(() => Read(text)).Message, StringComparison.Ordinal);

    [Fact]
    [Trait("Promise", "O5")]
    public void Values_that_do_not_fit_together_are_refused()
    {
        void Refuses(string text, string problem) => Assert.Contains(problem, Assert.Throws<OperatorException>(() => ServeOptions.Parse(Read(text))).Message, StringComparison.Ordinal);
        Refuses("listen: http://127.0.0.1:1\n", "--data is missing: give --data DIR, set KEYHOLE_DATA");
        Refuses("data: /x\ntls-key: k.pem\n", "belong together");
        Refuses("data: /x\ntls-key: k.pem\ntls-certificate: c.pem\n", "is not https://ADDRESS:PORT");
        Refuses("data: /x\nlisten: https://127.0.0.1:1\n", "HTTPS needs --tls-certificate and --tls-key");
        Refuses("data: /x\ntrusted-proxy: proxy.example\n", "no address and no CIDR prefix");
        Assert.Contains("neither true nor false", Assert.Throws<OperatorException>(() => Read("", new() { ["KEYHOLE_ALLOW_HTTP"] = "maybe" })).Message, StringComparison.Ordinal);
        var options = ServeOptions.Parse(Read("data: /x\nallow-http: true\nlisten: http://0.0.0.0:80\ntrusted-proxy: [10.0.0.0/8, 192.0.2.1]\n"));
        Assert.Equal([IPNetwork.Parse("10.0.0.0/8"), IPNetwork.Parse("192.0.2.1/32")], options.TrustedProxies);
    }

    [Fact]
    [Trait("Promise", "O5")]
    public async Task The_command_prints_each_value_with_its_source()
    {
        string file = Write("data: /var/lib/keyhole\nallow-http: true\n");
        var text = await PrintAsync(file);
        Assert.Contains($"data             /var/lib/keyhole  ({file} line 1)\n", text, StringComparison.Ordinal);
        using var json = JsonDocument.Parse(await PrintAsync(file, "--json"));
        Assert.Equal(ConfigurationKeys.All.Count, json.RootElement.GetArrayLength());
    }

    private string Write(string text)
    {
        File.WriteAllText(_file, text);
        return _file;
    }

    private static async Task<string> PrintAsync(string file, params string[] more)
    {
        var run = await ControlProcess.RunAsync(["config", "print", "--config", file, .. more]);
        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        return run.Output;
    }
}
