using System.Globalization;
using System.Text.Json;
using Keyhole.Lab;

namespace Keyhole.System.Tests;

/// <summary>A user with an account at Control, a browser on the vps and a machine of their own, on which they log in with <c>keyhole login</c>.</summary>
internal sealed class Person
{
    private const string Url = $"http://{INetworkWorld.RelayAddress}:8080";
    private static readonly TimeSpan s_patience = Network.Patience;

    private readonly Network _network;
    private readonly string _password = $"horse battery {Guid.NewGuid():N}";

    /// <param name="email">Of a user whom the network's description holds.</param>
    /// <param name="machine">Names the machine's data directory.</param>
    /// <param name="host">Where the machine stands.</param>
    public Person(Network network, string email, string machine, NetworkNamespace host)
    {
        (_network, Email, Machine, Host) = (network, email, machine, host);
        string file = Path.Combine(Data, "password");
        File.WriteAllText(file, _password);
        // The command makes the account; what the person may do in an organisation is what the organisation says.
        foreach (string[] command in new[] { (string[])["make-admin", email], ["reset-password", email, "--password-file", file] })
        {
            var (status, _, error) = Programs.Run(Programs.Control, ["admin", .. command, "--data", network.ControlData]);
            if (status != 0)
                throw new InvalidOperationException($"{email} has no account: {error}");
        }

        File.Delete(file);
        Answer("POST", "/api/v1/login", $$"""{"email":"{{email}}","password":"{{_password}}"}""");
    }

    public string Email { get; }

    public string Machine { get; }

    public NetworkNamespace Host { get; }

    /// <summary>The machine's data directory.</summary>
    public string Data => _network.DataOf(Machine);

    private string Jar => Path.Combine(_network.ControlData, $"cookies-{Machine}");

    /// <summary><c>keyhole login</c> on the machine, approved in the browser.</summary>
    public void LogIn()
    {
        using var login = Host.Start(Programs.Client, "login", Url, "--allow-http", "--no-browser", "--data", Data);
        string code = login.WaitForLine("shows the code ([A-Z]{4}-[A-Z]{4})", s_patience).Groups[1].Value;
        var (status, body) = Curl("-H", $"Origin: {Url}", "-d", $"user_code={code}&decision=approve", $"{Url}/device");
        if (status != 200)
            throw new InvalidOperationException($"The code of {Machine} was not approved: {status} {body}");
        if (login.WaitForExit(s_patience) != 0)
            throw new InvalidOperationException($"{Machine} is not logged in:\n{login.Tail(10)}");
    }

    /// <summary><c>keyhole up</c>, until it is ready.</summary>
    /// <param name="arguments">Such as <c>--proxy</c>.</param>
    public void Up(params string[] arguments)
    {
        _network.Machines[Machine] = _network.World.Topology.Start(Host, Programs.Client, ["up", "--data", Data, .. arguments]);
        _network.Until($"{Machine} is up", s_patience, () => _network.MachineStatus(Machine)?.GetProperty("ready").GetBoolean() == true);
    }

    /// <summary>Runs a command of <c>keyhole</c> on the machine to its end.</summary>
    public (int Status, string Output, string Error) Keyhole(params string[] arguments) => LabProcess.Execute("ip", Line(arguments));

    /// <summary>Runs <c>keyhole ssh</c> to its end.</summary>
    public (int Status, string Output, string Error) Ssh(params string[] arguments) => Keyhole(["ssh", "--data", Data, .. arguments]);

    /// <summary>Starts <c>keyhole ssh</c>.</summary>
    public LabProcess StartSsh(params string[] arguments) => _network.World.Topology.Start(Host, Programs.Client, ["ssh", "--data", Data, .. arguments]);

    /// <summary>Asks Control's REST interface as this person, by the browser's session.</summary>
    public (int Status, string Body) Ask(string method, string route, string? body = null) =>
        Curl(["-X", method, "-H", "X-Keyhole: 1", .. body is null ? (string[])[] : ["-H", "Content-Type: application/json", "-d", body], $"{Url}{route}"]);

    /// <summary>What the organisation calls this person's machine.</summary>
    /// <param name="administrator">Who may see all machines.</param>
    public string Device(Person administrator, string organisation = "acme")
    {
        using var answer = JsonDocument.Parse(administrator.Ask("GET", $"/api/v1/orgs/{organisation}/devices").Body);
        return answer.RootElement.GetProperty("items").EnumerateArray().Single(device => device.GetProperty("user").GetString() == Email).GetProperty("name").GetString()!;
    }

    private void Answer(string method, string route, string body)
    {
        var (status, answer) = Ask(method, route, body);
        if (status is < 200 or > 299)
            throw new InvalidOperationException($"{method} {route} by {Email}: {status} {answer}");
    }

    private (int Status, string Body) Curl(params string[] arguments)
    {
        string output = _network.World.Vps.Run("curl", ["-s", "-b", Jar, "-c", Jar, "-w", "\n%{http_code}", .. arguments]);
        int end = output.LastIndexOf('\n');
        return (int.Parse(output[(end + 1)..], CultureInfo.InvariantCulture), output[..end]);
    }

    private string[] Line(string[] arguments) => ["netns", "exec", Host.Name, Programs.Client, .. arguments];
}
