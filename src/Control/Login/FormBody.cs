using System.Net.Mime;

namespace Keyhole.Control;

/// <summary>Forms without files, of pages and of the two endpoints that RFC 8628 describes by forms.</summary>
internal static class FormBody
{
    /// <param name="otherwise">What is said of a body that is no form.</param>
    /// <exception cref="ApiException">The body is no form, or holds more values or longer ones than any form of ours.</exception>
    public static async Task<IFormCollection> ReadAsync(HttpContext context, string otherwise)
    {
        if (context.Request.ContentType is not { } type || !type.StartsWith(MediaTypeNames.Application.FormUrlEncoded, StringComparison.OrdinalIgnoreCase))
            throw new ApiException(StatusCodes.Status415UnsupportedMediaType, otherwise);
        try
        {
            return await context.Request.ReadFormAsync(context.RequestAborted);
        }
        catch (InvalidDataException)
        {
            throw new ApiException(StatusCodes.Status400BadRequest, "The form holds too many values, too long ones, or a NUL.");
        }
    }
}
