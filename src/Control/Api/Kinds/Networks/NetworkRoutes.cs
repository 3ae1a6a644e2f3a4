using System.Text;
using Keyhole.Cryptography;
using Microsoft.AspNetCore.Mvc;

namespace Keyhole.Control;

/// <summary>The whole network as a file: export, plan, apply. The version of a network is its revision.</summary>
internal sealed class NetworkRoutes(TimeProvider time)
{
    public const string Yaml = "application/yaml";

    /// <summary>The longest file, in the longest encoding of its characters.</summary>
    private const long MaximumBody = 4L * DescriptionReader.MaximumLength;

    public void Map(IEndpointRouteBuilder organisation)
    {
        organisation.Map(HttpMethod.Get, "access/explain", "access.explain", "Whether somebody reaches something and how, or the exact reason why not and what would mend it.", Explain)
            .WithTags("network").Requires(Permissions.NetworkRead).Produces<Explanation>()
            .WithMetadata(new QueryParameter("subject", ExplainSubject.Fix, Number: false), new QueryParameter("target", ExplainTarget.Fix, Number: false));
        var group = organisation.MapGroup("network").WithTags("network");
        group.Map(HttpMethod.Get, "", "network.export", "A network file that describes the network as it is.", Export)
            .Requires(Permissions.NetworkRead).Produces<string>(StatusCodes.Status200OK, Yaml);
        group.Map(HttpMethod.Post, "plan", "network.plan", "What a network file would change, and who would gain and lose what.", request => ApplyAsync(request, planOnly: true))
            .Requires(Permissions.NetworkRead).Accepts<string>(Yaml).WithMetadata(new RequestSizeLimitAttribute(MaximumBody)).Produces<NetworkApplied>();
        group.Map(HttpMethod.Put, "", "network.apply", "Makes the network what a file describes.", request => ApplyAsync(request, planOnly: false))
            .Requires(Permissions.NetworkWrite).Accepts<string>(Yaml).WithMetadata(new RequestSizeLimitAttribute(MaximumBody)).Produces<NetworkApplied>();
    }

    private static IResult Export(ApiRequest request)
    {
        var state = request.State;
        return EntityTag.IsKnown(request.Context, EntityTag.Of(state.Revision))
            ? Results.StatusCode(StatusCodes.Status304NotModified)
            : Results.Text(DescriptionWriter.Write(state), Yaml, Encoding.UTF8);
    }

    private static IResult Explain(ApiRequest request)
    {
        string Asked(string name) => request.Http.Query[name] is [{ Length: > 0 } text] ? text : throw ApiException.Field(name, "this is missing");
        return Results.Json(new Explainer(request.Network.Ledger.Compiled, request.Network.Hub.StatusOf).Explain(Asked("subject"), Asked("target")), ApiJson.Options);
    }

    private async Task<IResult> ApplyAsync(ApiRequest request, bool planOnly)
    {
        if (!Microsoft.Net.Http.Headers.MediaTypeHeaderValue.TryParse(request.Http.ContentType, out var type) || type.MediaType != Yaml)
            throw new ApiException(StatusCodes.Status415UnsupportedMediaType, $"Send the file as {Yaml}.");
        using var reader = new StreamReader(request.Http.Body, new UTF8Encoding(false, throwOnInvalidBytes: false));
        string text = await reader.ReadToEndAsync(request.Context.RequestAborted);
        if (planOnly)
        {
            var present = request.Network.Ledger.Compiled;
            var planned = Next(request, present.State, text);
            var plan = Planner.Compare(present.State, planned) with { Sessions = SessionsTouched.Between(present, present.Next(planned), request.Network.Hub.SessionsOf) };
            return Results.Json(new NetworkApplied(plan, false, present.State.Revision, EnforcementView.Of(EnforcementReport.Nobody)), ApiJson.Options);
        }

        var (before, after) = NetworkChanges.Change(request, "apply", $"org {request.Network.Name}", state => Next(request, state, text));
        request.Context.Response.Headers.ETag = EntityTag.Of(after.Revision);
        var enforcement = await NetworkChanges.FollowAsync(request.Network, before, after);
        return Results.Json(new NetworkApplied(Planner.Compare(before, after), before != after, after.Revision, enforcement), ApiJson.Options);
    }

    private NetworkState Next(ApiRequest request, NetworkState state, string text)
    {
        EntityTag.Require(request.Http, EntityTag.Of(state.Revision));
        if (DescriptionReader.Read(text, state, out var found) is not { } description)
            throw ApiException.Fields(found.Select(finding => KeyValuePair.Create(finding.Path, $"line {finding.Line}, column {finding.Column}: {finding.Problem}; {finding.Fix}")));
        try
        {
            return Reconciliation.Reconcile(state, description, time.GetUtcNow(), RandomSource.System);
        }
        catch (OverlayExhaustedException error)
        {
            throw new OperatorException(error.Message);
        }
    }
}
