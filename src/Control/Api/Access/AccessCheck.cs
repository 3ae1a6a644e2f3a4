namespace Keyhole.Control;

/// <summary>
/// Holds every request against the <see cref="Requirement"/> of its route, before the route runs. An organisation that the caller
/// is no part of is answered like one that does not exist.
/// </summary>
internal sealed class AccessCheck(CallerReader callers, Networks networks, ILogger<AccessCheck> log)
{
    /// <summary>The parameter of routes that names the organisation.</summary>
    public const string OrganisationParameter = "org";

    public Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        if (context.GetEndpoint() is not RouteEndpoint endpoint)
            return next(context);
        if (endpoint.Metadata.GetMetadata<Requirement>() is not { } requirement)
        {
            log.Undeclared(endpoint.RoutePattern.RawText ?? "");
            throw new ApiException(StatusCodes.Status403Forbidden, "This route does not say who may use it, so nobody may.");
        }

        if (requirement.Kind == RequirementKind.Anonymous)
        {
            CrossSite.CheckAnonymous(context.Request);
            return next(context);
        }

        var caller = callers.Read(context);
        context.Features.Set(new RequestScope(caller, Check(requirement, caller, context.Request.RouteValues[OrganisationParameter] as string)));
        return next(context);
    }

    /// <summary>The organisation of the request; null where the route has none.</summary>
    private Network? Check(Requirement requirement, Caller caller, string? organisation)
    {
        if (requirement.Kind is RequirementKind.Login or RequirementKind.ServerAdmin)
        {
            if (caller.Kind != CallerKind.Account || (requirement.Kind == RequirementKind.ServerAdmin && !caller.IsServerAdmin))
                throw Forbidden(requirement);
            return null;
        }

        var found = organisation is null ? null : networks.Find(organisation);
        if (requirement.Kind == RequirementKind.Member && found is not null && caller.IsDisabledIn(found))
            throw new ApiException(StatusCodes.Status403Forbidden, $"Your user is disabled in {found.Name}: ask an administrator to enable it.");
        if (found is not { } network || !caller.Sees(network))
            throw new ApiException(StatusCodes.Status404NotFound, "There is no such organisation, or you are no part of it.");
        bool allowed = requirement.Kind == RequirementKind.Member ? caller.Kind == CallerKind.Account : caller.May(network, requirement.Permission!);
        return allowed ? network : throw Forbidden(requirement);
    }

    public static ApiException Forbidden(Requirement requirement) =>
        new(StatusCodes.Status403Forbidden, requirement.Why is { } why ? $"This needs {requirement}: {why}." : $"This needs {requirement}.");
}
