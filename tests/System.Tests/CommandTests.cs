using System.Text.Json;
using Keyhole.Lab;

namespace Keyhole.System.Tests;

/// <summary>The commands that ask a running <c>keyhole up</c>. Drawing: <see cref="World"/>; the laptop stands where the phone does.</summary>
[SideBySide]
public class CommandTests
{
    private const string Web = "192.168.1.20";
    private const UnixFileMode Open = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    [LabFact("setpriv")]
    [Trait("Promise", "O13"), Trait("Promise", "O14"), Trait("Promise", "O15")]
    public void List_explain_ping_and_logs_say_what_the_running_client_knows()
    {
        using var world = new World();
        using var network = new Network(world, Descriptions.Laptop());
        network.StartRelay();
        network.StartConnector(world.Office, "office-1");
        using var web = Services.Tcp(world.OfficeServers, Web, 8000);
        network.StartMachine(world.Phone, "laptop");

        var list = Json("list");
        Assert.Equal(["web.acme.internal", "web6.acme.internal"], list.GetProperty("resources").EnumerateArray().Select(resource => resource.GetProperty("alias").GetString()));
        Assert.Contains("80,5201,8000-8100", Keyhole("list").Output, StringComparison.Ordinal);

        // A connector that a machine which stands still has not heard for a moment is not reachable for one.
        JsonElement explained = default;
        network.Until("the site is reachable", () => (explained = Json("explain", "web.acme.internal:8000")).GetProperty("reachable").GetBoolean());
        Assert.Equal("office-1", explained.GetProperty("connectors")[0].GetProperty("name").GetString());
        var (status, output, _) = Keyhole("explain", "192.168.1.21");
        Assert.Equal(1, status);
        Assert.Contains("no granted resource holds 192.168.1.21", output, StringComparison.Ordinal);
        (status, output, _) = Keyhole("explain", $"{Web}:22");
        Assert.Equal(1, status);
        Assert.Contains("port 22 is not granted", output, StringComparison.Ordinal);

        foreach (var (target, protocol) in new[] { ("web.acme.internal", "icmp"), ("web.acme.internal:8000", "tcp"), (Web, "icmp") })
        {
            // One may be lost while the path moves from the relay to the direct one.
            BestOfThree.Where(seen => seen == (protocol, 2), $"both pings of {target} are answered", () =>
            {
                var ping = Json("ping", target, "-c", "2");
                return (ping.GetProperty("protocol").GetString(), ping.GetProperty("received").GetInt32());
            });
        }

        (status, _, string error) = Keyhole("ping", "192.168.1.21");
        Assert.Equal(1, status);
        Assert.Contains("no granted resource", error, StringComparison.Ordinal);
        Assert.Contains("interface keyhole0 is up", Keyhole("logs").Output, StringComparison.Ordinal);
        Assert.Equal(1, Json("logs", "-n", "1").GetProperty("lines").GetArrayLength());

        // With nobody at the site to lead there, the reason is another one.
        network.Connectors["office-1"].Kill();
        network.Until("the site is not reachable", () => !Json("explain", "web.acme.internal").GetProperty("reachable").GetBoolean());
        Assert.Contains("office", Json("explain", "web.acme.internal").GetProperty("reason").GetString(), StringComparison.Ordinal);

        (int Status, string Output, string Error) Keyhole(params string[] arguments) => network.RunKeyhole(world.Phone, "laptop", arguments);

        // A client that has no time to answer at once is asked again.
        JsonElement Json(params string[] arguments)
        {
            string answer = "";
            network.Until($"'keyhole {string.Join(' ', arguments)}' is answered", () => (answer = Keyhole([.. arguments, "--json"]).Output).Length > 0);
            return JsonDocument.Parse(answer).RootElement;
        }
    }

    [LabFact("setpriv")]
    public void Another_user_is_not_heard_even_where_the_socket_is_open_to_all()
    {
        using var world = new World();
        using var network = new Network(world, Descriptions.Laptop());
        network.StartRelay();
        network.StartConnector(world.Office, "office-1");
        network.StartMachine(world.Phone, "laptop");

        // The program where everybody can run it, and a socket that everybody can open.
        string folder = Directory.CreateTempSubdirectory("keyhole-other-").FullName;
        try
        {
            string program = Path.Combine(folder, "keyhole");
            File.Copy(Programs.Client, program);
            string data = network.DataOf("laptop");
            foreach (string path in new[] { folder, program, data, Path.GetDirectoryName(data)! })
                File.SetUnixFileMode(path, Open);
            File.SetUnixFileMode(Path.Combine(data, "status.sock"), Open | UnixFileMode.GroupWrite | UnixFileMode.OtherWrite);
            string[] ask = [program, "status", "--json", "--data", data];
            Assert.Equal(0, LabProcess.Execute("setpriv", ["--reuid=0", .. ask]).Status);
            var (status, output, error) = LabProcess.Execute("setpriv", ["--reuid=65534", "--regid=65534", "--clear-groups", .. ask]);
            Assert.Equal((1, ""), (status, output));
            Assert.Contains("its own user and root only", error, StringComparison.Ordinal);
            LabProcess.Execute("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", program, "down", "--data", data);
            Assert.False(network.Machines["laptop"].HasExited);
            Assert.Equal(0, LabProcess.Execute("setpriv", ["--reuid=0", .. ask]).Status);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
