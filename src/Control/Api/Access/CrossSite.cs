namespace Keyhole.Control;

/// <summary>
/// Requests that another site made a browser send (CSRF). Reading is harmless, since no answer is readable there; what changes
/// something must come from our own pages or carry a header that no form can send.
/// </summary>
internal static class CrossSite
{
    public const string Header = "X-Keyhole";

    /// <summary>For a request that a cookie speaks for: it must prove that it is none of another site.</summary>
    public static void CheckCookie(HttpRequest request)
    {
        if (IsSafe(request.Method) || IsOwn(request) == true || (IsOwn(request) is null && request.Headers[Header] == "1"))
            return;
        throw Refused();
    }

    /// <summary>For a request that nothing speaks for yet, like a login: it must not be known to be of another site.</summary>
    public static void CheckAnonymous(HttpRequest request)
    {
        if (!IsSafe(request.Method) && IsOwn(request) == false)
            throw Refused();
    }

    private static bool IsSafe(string method) => HttpMethods.IsGet(method) || HttpMethods.IsHead(method) || HttpMethods.IsOptions(method);

    /// <summary>What the browser says about where the request began; null when nothing does.</summary>
    private static bool? IsOwn(HttpRequest request)
    {
        if (request.Headers["Sec-Fetch-Site"] is [{ Length: > 0 } site])
            return site is "same-origin" or "none";
        if (request.Headers.Origin is [{ Length: > 0 } origin])
            return string.Equals(origin, $"{request.Scheme}://{request.Host.ToUriComponent()}", StringComparison.OrdinalIgnoreCase);
        return request.Headers.Origin.Count == 0 ? null : false;
    }

    private static ApiException Refused() =>
        new(StatusCodes.Status403Forbidden, $"This request comes from another site, or does not say where from: send \"{Header}: 1\".");
}
