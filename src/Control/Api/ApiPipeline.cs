namespace Keyhole.Control;

/// <summary>What every request to the TCP listener passes on its way to a route.</summary>
internal static class ApiPipeline
{
    public static void AddServices(IServiceCollection services)
    {
        services.ConfigureHttpJsonOptions(json => ApiJson.Create(json.SerializerOptions));
        services.AddOpenApi("v1", InterfaceDescription.Configure);
    }

    /// <param name="failures">Counts wrong tokens and keys by address.</param>
    public static void Use(WebApplication application, Networks networks, ILoginSessions sessions, FailureLimiter failures, TimeProvider time)
    {
        var loggers = application.Services.GetRequiredService<ILoggerFactory>();
        Problems.Use(application, loggers.CreateLogger(typeof(Problems)));
        var callers = new CallerReader(sessions, new ApiKeys(networks.Store.Database, time), failures, time);
        application.Use(new AccessCheck(callers, networks, loggers.CreateLogger<AccessCheck>()).InvokeAsync);
    }
}
