namespace Keyhole.Control;

/// <summary>The part of the operator's Unix socket that is about accounts and login providers.</summary>
internal static class RescueRoutes
{
    public const string Accounts = "/v1/accounts";
    public const string ResetPassword = "/v1/accounts/reset-password";
    public const string MakeAdmin = "/v1/accounts/make-admin";
    public const string RemoveSecondFactor = "/v1/accounts/remove-second-factor";
    public const string ChangeEmail = "/v1/accounts/change-email";
    public const string Providers = "/v1/login-providers";
    public const string SetProvider = "/v1/login-providers/set";
    public const string RemoveProvider = "/v1/login-providers/remove";

    public static void Map(IEndpointRouteBuilder routes, RescueService service, ILogger log)
    {
        OperatorRoutes.Get(routes, log, Accounts, RescueJson.Default.AccountsAnswer, _ => service.List());
        OperatorRoutes.Post(routes, log, ResetPassword, RescueJson.Default.RescueRequest, RescueJson.Default.RescueAnswer, (request, _) => service.ResetPasswordAsync(request));
        OperatorRoutes.Post(routes, log, MakeAdmin, RescueJson.Default.RescueRequest, RescueJson.Default.RescueAnswer, (request, _) => Task.FromResult(service.MakeAdmin(request)));
        OperatorRoutes.Post(routes, log, RemoveSecondFactor, RescueJson.Default.RescueRequest, RescueJson.Default.RescueAnswer, (request, _) => Task.FromResult(service.RemoveSecondFactor(request)));
        OperatorRoutes.Post(routes, log, ChangeEmail, RescueJson.Default.EmailRequest, RescueJson.Default.RescueAnswer, (request, _) => Task.FromResult(service.ChangeEmail(request)));
        OperatorRoutes.Get(routes, log, Providers, RescueJson.Default.ProvidersAnswer, _ => service.Providers());
        OperatorRoutes.Post(routes, log, SetProvider, RescueJson.Default.ProviderRequest, RescueJson.Default.ProvidersAnswer, (request, _) => Task.FromResult(service.SetProvider(request)));
        OperatorRoutes.Post(routes, log, RemoveProvider, RescueJson.Default.ProviderName, RescueJson.Default.ProvidersAnswer, (request, _) => Task.FromResult(service.RemoveProvider(request)));
    }
}
