using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Keyhole.Control;

/// <summary>State that a browser keeps for us: it can neither read nor change it.</summary>
internal sealed class SealedJson(SecretBox secrets)
{
    private const int MaximumLength = 8192;

    public string Seal<T>(T value, string purpose, JsonTypeInfo<T> type) => secrets.Seal(JsonSerializer.SerializeToUtf8Bytes(value, type), purpose);

    /// <summary>Null for what was not sealed here for this purpose.</summary>
    public T? Open<T>(string? text, string purpose, JsonTypeInfo<T> type) where T : class
    {
        if (text is null or { Length: 0 or > MaximumLength })
            return null;
        try
        {
            return JsonSerializer.Deserialize(Encoding.UTF8.GetString(secrets.Open(text, purpose)), type);
        }
        catch (OperatorException)
        {
            return null;
        }
    }
}
