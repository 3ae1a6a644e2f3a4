using System.Text.Json;

namespace Keyhole.Control;

/// <summary>The keys of one provider at one moment.</summary>
internal sealed class OpenIdKeys(IReadOnlyList<OpenIdKey> keys)
{
    private const int MaximumCount = 64;

    /// <exception cref="OpenIdException">It is no key set, or has more keys than any provider needs.</exception>
    public static OpenIdKeys Parse(byte[] json)
    {
        using var document = OpenIdJson.Parse(json, "key set");
        if (!document.RootElement.TryGetProperty("keys", out var list) || list.ValueKind != JsonValueKind.Array || list.GetArrayLength() > MaximumCount)
            throw new OpenIdException("the key set holds no usable list");
        return new OpenIdKeys([.. list.EnumerateArray().Select(OpenIdKey.Parse).OfType<OpenIdKey>()]);
    }

    /// <summary>The keys that may have signed: those with the token's kid, or all where it has none.</summary>
    public IEnumerable<OpenIdKey> Find(string? id, string algorithm) => keys.Where(key => (id is null || key.Id == id) && key.Fits(algorithm));

    public bool Holds(string? id) => id is null || keys.Any(key => key.Id == id);
}
