using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Keyhole.Agent;

namespace Keyhole.Client;

/// <summary>A login as it lies in the data directory, in a file of mode 0600: the session's token, and this device's credential per organisation.</summary>
/// <param name="Endpoint">Where Control is; the path ends with a slash.</param>
/// <param name="Organisation">The one that was selected; null while none was.</param>
internal sealed record LoginRecord(Uri Endpoint, string Account, string Token, DateTimeOffset Expires, string? Organisation)
{
    private const int MaximumLength = 64 * 1024;

    /// <summary>ID and secret of this device, by organisation.</summary>
    public IReadOnlyDictionary<string, (string Id, string Secret)> Devices { get; init; } = new Dictionary<string, (string, string)>(StringComparer.OrdinalIgnoreCase);

    public static string FileIn(string directory) => Path.Combine(directory, "login.json");

    /// <summary>Null where nobody is logged in.</summary>
    /// <exception cref="AgentException">The file is open to others or damaged.</exception>
    public static LoginRecord? Load(string directory)
    {
        string file = FileIn(directory);
        try
        {
            if (!File.Exists(file))
                return null;
            if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(file) & (UnixFileMode)0x3F) != 0)
                throw new AgentException($"The file {file} is open to other users: run 'chmod 600 {file}'. If somebody may have read it, log out and in again.");
            if (new FileInfo(file).Length <= MaximumLength && JsonNode.Parse(File.ReadAllBytes(file)) is JsonObject json)
                return From(json);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AgentException($"The file {file} cannot be read: {e.Message}", e);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            // Said below.
        }

        throw new AgentException($"The file {file} is damaged: run 'keyhole login' again.");
    }

    /// <summary>Writes it, and makes the directory with mode 0700 where there is none.</summary>
    /// <exception cref="AgentException">It cannot be written.</exception>
    public void Save(string directory)
    {
        var json = new JsonObject
        {
            ["endpoint"] = Endpoint.AbsoluteUri,
            ["account"] = Account,
            ["token"] = Token,
            ["expires"] = Expires.ToString("O", CultureInfo.InvariantCulture),
            ["organisation"] = Organisation,
            ["devices"] = new JsonObject(Devices.Select(device =>
                KeyValuePair.Create(device.Key, (JsonNode?)new JsonObject { ["id"] = device.Value.Id, ["secret"] = device.Value.Secret }))),
        };
        try
        {
            if (OperatingSystem.IsWindows())
                Directory.CreateDirectory(directory);
            else
                Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            DataDirectory.WriteAtomically(FileIn(directory), Encoding.UTF8.GetBytes(json.ToJsonString()));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AgentException($"The login cannot be kept in {directory}: {e.Message}", e);
        }
    }

    /// <exception cref="AgentException">It cannot be removed.</exception>
    public static void Delete(string directory)
    {
        try
        {
            File.Delete(FileIn(directory));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AgentException($"The login in {directory} cannot be removed: {e.Message}", e);
        }
    }

    /// <summary>With this device's credential in an organisation.</summary>
    public LoginRecord With(string organisation, string id, string secret) =>
        this with { Devices = new Dictionary<string, (string Id, string Secret)>(Devices, StringComparer.OrdinalIgnoreCase) { [organisation] = (id, secret) } };

    private static LoginRecord From(JsonObject json) => new(
        new Uri(Text(json, "endpoint")), Text(json, "account"), Text(json, "token"), DateTimeOffset.Parse(Text(json, "expires"), CultureInfo.InvariantCulture), (string?)json["organisation"])
    {
        Devices = (json["devices"] as JsonObject ?? throw new FormatException()).ToDictionary(
            device => device.Key, device => (Text(device.Value, "id"), Text(device.Value, "secret")), StringComparer.OrdinalIgnoreCase),
    };

    private static string Text(JsonNode? json, string name) => (string?)json?[name] ?? throw new FormatException();
}
