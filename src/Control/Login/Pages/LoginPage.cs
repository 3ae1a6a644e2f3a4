using System.Net.Mime;

namespace Keyhole.Control;

/// <summary>
/// The frame of the pages: plain HTML that needs no script, except for passkeys. The policy lets nothing run, load or frame that does not
/// come from here.
/// </summary>
internal static class LoginPage
{
    public const string StylePath = "/login/style.css";
    public const string ScriptPath = "/login/passkeys.js";

    private const string Policy =
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

    /// <param name="problem">What went wrong before, in a sentence; null for nothing.</param>
    public static IResult Show(HttpContext context, string title, Html content, string? problem = null, int status = StatusCodes.Status200OK, bool withScript = false, string? refresh = null)
    {
        context.Response.Headers.ContentSecurityPolicy = Policy;
        // "no-referrer" would take away the origin by which forms of our own are told from those of others.
        context.Response.Headers["Referrer-Policy"] = "same-origin";
        var page = Html.Of($"""
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="robots" content="noindex">
            {(refresh is null ? Html.Empty : Html.Of($"""<meta http-equiv="refresh" content="0;url={refresh}">"""))}
            <title>{title} – Keyhole</title>
            <link rel="stylesheet" href="{StylePath}">
            {(withScript ? Html.Of($"""<script src="{ScriptPath}" defer></script>""") : Html.Empty)}
            </head>
            <body>
            <main>
            <h1>{title}</h1>
            {(problem is null ? Html.Empty : Html.Of($"""<p class="problem" role="alert">{problem}</p>"""))}
            {content}
            </main>
            </body>
            </html>

            """);
        return Results.Text(page.ToString(), MediaTypeNames.Text.Html, System.Text.Encoding.UTF8, status);
    }

    /// <summary>On to another page by GET.</summary>
    public static IResult GoTo(string path) => new SeeOther(path);

    /// <summary>A form of a page, without files.</summary>
    /// <exception cref="ApiException">The body is none.</exception>
    public static Task<IFormCollection> ReadAsync(HttpContext context) => FormBody.ReadAsync(context, "This page takes forms only.");

    /// <summary>Where a login may lead on to: a page of ours, never another site. A header holds ASCII only.</summary>
    public static string LocalPath(string? text) =>
        text is { Length: < 512 } && (text.StartsWith("/device", StringComparison.Ordinal) || text.StartsWith("/invite/", StringComparison.Ordinal) || text == "/account")
        && text.All(letter => char.IsAscii(letter) && !char.IsControl(letter) && letter != '\\')
            ? text
            : "/account";

    private sealed class SeeOther(string path) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext)
        {
            httpContext.Response.StatusCode = StatusCodes.Status303SeeOther;
            httpContext.Response.Headers.Location = path;
            return Task.CompletedTask;
        }
    }
}
