namespace Keyhole.Control;

/// <summary>By which address browsers reach this server: the one that the operator named, else the one of the request.</summary>
internal sealed record LoginAddress(Uri? PublicUrl)
{
    /// <summary>"https://control.example": without a slash at the end.</summary>
    public string OriginOf(HttpRequest request) => PublicUrl?.GetLeftPart(UriPartial.Authority) ?? $"{request.Scheme}://{request.Host.ToUriComponent()}";

    /// <summary>What authenticator apps show beside the codes.</summary>
    public string IssuerOf(HttpRequest request) => $"Keyhole {PublicUrl?.Host ?? request.Host.Host}";

    /// <param name="path">Begins with a slash.</param>
    public Uri At(HttpRequest request, string path) => new(OriginOf(request) + path);
}
