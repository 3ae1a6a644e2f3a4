using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Keyhole.Control;

/// <summary>Completes /openapi/v1.json with what the framework cannot know: who may use a route, and what its address and query hold.</summary>
internal static class InterfaceDescription
{
    /// <summary>An extension of the document: the permission that an operation needs, or what else it asks of its caller.</summary>
    public const string RequirementExtension = "x-keyhole-requires";

    public static void Configure(OpenApiOptions options)
    {
        options.AddDocumentTransformer((document, _, _) =>
        {
            document.Info = new OpenApiInfo { Title = "Keyhole Control", Version = "v1", Description = "Objects are named by their addresses. Errors are application/problem+json (RFC 9457); \"errors\" names the members that are to blame." };
            document.Servers = [];
            document.Components ??= new OpenApiComponents();
            document.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>
            {
                ["session"] = new OpenApiSecurityScheme { Type = SecuritySchemeType.ApiKey, In = ParameterLocation.Cookie, Name = CallerReader.SecureCookie, Description = $"The login session of a browser. What changes something also needs the header {CrossSite.Header}: 1, or to come from the same origin." },
                ["sessionToken"] = new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "bearer", Description = $"The login session of the command line: {SessionToken.Prefix}…" },
                ["apiKey"] = new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "bearer", Description = $"An API key of one organisation: {ApiKeys.Prefix}…" },
            };
            return Task.CompletedTask;
        });
        options.AddOperationTransformer((operation, context, _) =>
        {
            var metadata = context.Description.ActionDescriptor.EndpointMetadata;
            AddParameters(operation, context.Description.RelativePath ?? "", metadata.OfType<QueryParameter>());
            if (metadata.OfType<Requirement>().LastOrDefault() is { } requirement)
                AddRequirement(operation, requirement, context.Document!);
            return Task.CompletedTask;
        });
    }

    private static void AddParameters(OpenApiOperation operation, string path, IEnumerable<QueryParameter> query)
    {
        operation.Parameters ??= [];
        foreach (string name in path.Split('/').Where(part => part.StartsWith('{')).Select(part => part.Trim('{', '}')))
        {
            if (!operation.Parameters.Any(parameter => parameter.Name == name))
                operation.Parameters.Add(new OpenApiParameter { Name = name, In = ParameterLocation.Path, Required = true, Schema = new OpenApiSchema { Type = JsonSchemaType.String } });
        }

        foreach (var parameter in query)
        {
            operation.Parameters.Add(new OpenApiParameter
            {
                Name = parameter.Name,
                In = ParameterLocation.Query,
                Description = parameter.Description,
                Schema = parameter.Number
                    ? new OpenApiSchema { Type = JsonSchemaType.Integer, Minimum = "1", Maximum = Paging.MaximumLimit.ToString(CultureInfo.InvariantCulture) }
                    : new OpenApiSchema { Type = JsonSchemaType.String },
            });
        }
    }

    private static void AddRequirement(OpenApiOperation operation, Requirement requirement, OpenApiDocument document)
    {
        operation.Extensions ??= new Dictionary<string, IOpenApiExtension>();
        operation.Extensions[RequirementExtension] = new JsonNodeExtension(JsonValue.Create(requirement.Permission ?? requirement.Kind switch
        {
            RequirementKind.Anonymous => "nothing",
            RequirementKind.Login => "login",
            RequirementKind.ServerAdmin => "server-admin",
            _ => "member",
        })!);
        if (requirement.Kind == RequirementKind.Anonymous)
            return;
        operation.Description = $"{operation.Description} Needs {requirement}.".TrimStart();
        IEnumerable<string> schemes = requirement.Kind == RequirementKind.Permission ? ["session", "sessionToken", "apiKey"] : ["session", "sessionToken"];
        operation.Security = [.. schemes.Select(scheme => new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(scheme, document)] = [] })];
    }
}
