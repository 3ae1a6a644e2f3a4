using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using Microsoft.Net.Http.Headers;

namespace Keyhole.Control;

/// <summary>
/// Names one version of an object (RFC 9110 section 8.8.3): a hash of what a client can set of it. A change that names another
/// version is refused, so that nobody overwrites what they have not seen.
/// </summary>
internal static class EntityTag
{
    private const int Length = 12;

    public static string Of(ReadOnlySpan<byte> content) => $"\"{Base64Url.EncodeToString(SHA256.HashData(content).AsSpan(0, Length))}\"";

    /// <summary>Of a key or an invitation, which never changes and whose identifier is never another's.</summary>
    public static string Of(string id) => Of(System.Text.Encoding.UTF8.GetBytes(id));

    /// <summary>Of a whole network.</summary>
    public static string Of(long revision) => string.Create(CultureInfo.InvariantCulture, $"\"r{revision}\"");

    /// <summary>Holds the version that a request was made for against the present one.</summary>
    /// <param name="exact">Any version ("*") is not enough.</param>
    /// <exception cref="ApiException">It is another.</exception>
    public static void Require(HttpRequest request, string present, bool exact = false)
    {
        if (request.Headers.IfMatch.Count == 0)
            return;
        if (!EntityTagHeaderValue.TryParseList([.. request.Headers.IfMatch.OfType<string>()], out var tags))
            throw new ApiException(StatusCodes.Status400BadRequest, "If-Match holds no entity tag.");
        if (!tags.Any(tag => !tag.IsWeak && (tag.Tag == present || (tag.Tag == "*" && !exact))))
            throw new ApiException(StatusCodes.Status412PreconditionFailed, "The object changed since it was read: read it again.");
    }

    /// <summary>Writes the version into the answer, and says whether the client holds it already.</summary>
    public static bool IsKnown(HttpContext context, string present)
    {
        context.Response.Headers.ETag = present;
        return EntityTagHeaderValue.TryParseList([.. context.Request.Headers.IfNoneMatch.OfType<string>()], out var tags)
            && tags.Any(tag => tag.Tag == present || tag.Tag == "*");
    }
}
