using System.Net;
using System.Text.Json.Nodes;
using Keyhole.Agent;

namespace Keyhole.Client;

/// <summary>The organisations that a login leads to.</summary>
internal static class Organisations
{
    /// <exception cref="AgentException">Control refuses or does not answer.</exception>
    public static async Task<IReadOnlyList<string>> ListAsync(ControlApi api)
    {
        // Not the list of all that a server admin may see, but those that the account is a user of.
        var (status, body) = await api.GetAsync("account").ConfigureAwait(false);
        return status == HttpStatusCode.OK && body["organisations"] is JsonArray names
            ? [.. names.Select(name => (string?)name).OfType<string>()]
            : throw ControlApi.Refusal(status, body);
    }

    /// <summary>The one to join: the selected one, or the only one.</summary>
    /// <exception cref="AgentException">It is not clear which.</exception>
    public static string Choose(string? selected, IReadOnlyList<string> names)
    {
        if (selected is not null)
            return names.FirstOrDefault(name => string.Equals(name, selected, StringComparison.OrdinalIgnoreCase))
                ?? throw new AgentException($"The account is no user of {selected}: {Hint(names)}");
        return names.Count == 1 ? names[0] : throw new AgentException($"No organisation is selected: {Hint(names)}");
    }

    private static string Hint(IReadOnlyList<string> names) => names.Count == 0
        ? "it is a user of no organisation; ask to be invited."
        : $"run 'keyhole select org NAME' with one of {string.Join(", ", names)}.";
}
