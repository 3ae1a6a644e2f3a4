using System.Net;
using System.Text.Json.Nodes;
using Keyhole.Agent;
using Keyhole.Contracts;
using Keyhole.Cryptography;

namespace Keyhole.Client;

/// <summary>This machine as a device of the user who logged in: enrolled once per login and organisation, with a key that never leaves it.</summary>
internal static class DeviceIdentity
{
    private const int MaximumName = 63;

    /// <param name="directory">The data directory, which holds login and key.</param>
    /// <exception cref="AgentException">Nobody is logged in, the login is over, or Control refuses the device.</exception>
    public static async Task<AgentIdentity> FindAsync(SettingValues values, string directory)
    {
        var login = LoginRecord.Load(directory)
            ?? throw new AgentException("Nobody is logged in here: run 'keyhole login URL' first, or give --id and --secret-file of a machine.");
        var others = values.List(AgentSettings.Endpoint);
        if (others.Count != 0 && !others.Any(other => AgentOptions.EndpointFrom(other, allowHttp: true) == login.Endpoint))
            throw new AgentException($"The login is at {login.Endpoint}, not at {others[0]}: run 'keyhole login {others[0]}' first, or leave {AgentSettings.Endpoint.Flag} out.");
        if (login.Expires <= DateTimeOffset.UtcNow)
            throw new AgentException("The login has expired: run 'keyhole login' again.");
        using var api = new ControlApi(login.Endpoint, login.Token);
        var (organisation, device) = await EnrolledAsync(login, api, directory).ConfigureAwait(false);
        return new AgentIdentity(login.Endpoint, device.Id, new AgentSecret(device.Secret, "the login"), AgentKind.Device, login.Account, organisation);
    }

    /// <summary>The organisation that the login leads to, and this machine's credential in it; it is enrolled where it was not yet.</summary>
    /// <exception cref="AgentException">It is not clear which organisation, or Control refuses the device.</exception>
    public static async Task<(string Organisation, (string Id, string Secret) Device)> EnrolledAsync(LoginRecord login, ControlApi api, string directory)
    {
        // A device that is enrolled comes up while Control is away: it works on with its last table.
        string organisation = login.Organisation is { } selected && login.Devices.ContainsKey(selected)
            ? selected
            : Organisations.Choose(login.Organisation, await Organisations.ListAsync(api).ConfigureAwait(false));
        if (!login.Devices.TryGetValue(organisation, out var device))
        {
            device = await EnrolAsync(api, organisation, PublicKeyIn(directory)).ConfigureAwait(false);
            (login with { Organisation = organisation }).With(organisation, device.Id, device.Secret).Save(directory);
        }

        return (organisation, device);
    }

    /// <summary>A name for a device, made of the machine's: what no name may hold becomes a dash.</summary>
    internal static string NameOf(string machine)
    {
        string name = new string([.. machine.Select(letter => char.IsAsciiLetterOrDigit(letter) || letter is '.' or '_' or '-' ? letter : '-')]).TrimStart('.', '_', '-');
        return name.Length == 0 ? "device" : name[..Math.Min(name.Length, MaximumName)];
    }

    private static string PublicKeyIn(string directory)
    {
        // The lock says that no running agent makes the key at the same moment.
        using var data = DataDirectory.Open(directory);
        using var key = StaticKeyFile.LoadOrCreate(data.StaticKey, RandomSource.System);
        return key.PublicKey.ToString();
    }

    private static async Task<(string Id, string Secret)> EnrolAsync(ControlApi api, string organisation, string publicKey)
    {
        string name = NameOf(Environment.MachineName);
        string suffix = "-" + new string([.. publicKey.Where(char.IsAsciiLetterOrDigit).Take(6)]);
        string path = $"orgs/{Uri.EscapeDataString(organisation)}/devices";
        var (status, body) = await api.PostAsync(path, new JsonObject { ["name"] = name, ["publicKey"] = publicKey }).ConfigureAwait(false);
        // Two machines may call themselves the same: the key tells them apart.
        if (status == HttpStatusCode.Conflict)
            (status, body) = await api.PostAsync(path, new JsonObject { ["name"] = name[..Math.Min(name.Length, MaximumName - suffix.Length)] + suffix, ["publicKey"] = publicKey }).ConfigureAwait(false);
        return status == HttpStatusCode.Created && (string?)body["id"] is { } id && (string?)body["secret"] is { } secret
            ? (id, secret)
            : throw ControlApi.Refusal(status, body);
    }
}
