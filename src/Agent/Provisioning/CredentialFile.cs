using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Keyhole.Agent;

/// <summary>Keeps what a provisioning key was traded for: { "id": …, "secret": … }, mode 0600.</summary>
internal static class CredentialFile
{
    /// <summary>Null when there is no file yet.</summary>
    /// <exception cref="AgentException">The file is open to others, or holds no credential.</exception>
    public static AgentCredential? Find(string file)
    {
        if (!File.Exists(file))
            return null;
        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(file) & (UnixFileMode)0x3F) != 0)
            throw new AgentException($"The file {file} is open to other users and holds a secret: run 'chmod 600 {file}'. If somebody may have read it, let Control make a new secret.");
        try
        {
            if (JsonNode.Parse(File.ReadAllText(file)) is JsonObject json && (string?)json["id"] is { } id && (string?)json["secret"] is { } secret)
                return new AgentCredential(AgentOptions.IdFrom(id), new AgentSecret(secret, $"the file {file}"));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or IOException or UnauthorizedAccessException)
        {
            throw new AgentException($"The file {file} holds no ID and secret: delete it and start with a new provisioning key.", e);
        }

        throw new AgentException($"The file {file} holds no ID and secret: delete it and start with a new provisioning key.");
    }

    /// <exception cref="AgentException">It cannot be written.</exception>
    public static void Save(string file, string id, string secret)
    {
        try
        {
            DataDirectory.WriteAtomically(file, Encoding.UTF8.GetBytes(new JsonObject { ["id"] = id, ["secret"] = secret }.ToJsonString()));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AgentException($"The ID and secret cannot be kept in {file}: {e.Message}. The provisioning key was used; revoke {id} at Control.", e);
        }
    }
}
