using System.Net;
using System.Text.Json;

namespace Keyhole.Control.Tests;

/// <summary>What the server answered.</summary>
internal sealed record ApiAnswer(HttpStatusCode Status, string Text, string? MediaType, string? ETag, Uri? Location)
{
    public JsonElement Json => JsonDocument.Parse(Text).RootElement;

    /// <summary>The texts under "errors" of one member.</summary>
    public string Error(string member) =>
        Json.TryGetProperty("errors", out var errors) && errors.TryGetProperty(member, out var texts) ? string.Join("; ", texts.EnumerateArray().Select(text => text.GetString())) : $"(nothing about {member} in {Text})";

    /// <summary>The answer, when it is the expected one.</summary>
    public ApiAnswer Expect(HttpStatusCode status)
    {
        Assert.True(status == Status, $"{(int)Status} in place of {(int)status}: {Text}");
        if ((int)status >= 400)
            Assert.Equal("application/problem+json", MediaType);
        return this;
    }
}
