using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;

namespace Keyhole.Control;

/// <summary>
/// Passkeys (WebAuthn level 3) by the handler of ASP.NET Core Identity. The authenticator verifies its user, so that a passkey is two
/// factors by itself. Each ceremony lives ten minutes in a sealed ticket and ends once.
/// </summary>
internal sealed class Passkeys : IDisposable
{
    private const string TooLate = "This took too long, or was done before: begin again.";
    private const string Purpose = "passkey ceremony";
    private static readonly TimeSpan Life = TimeSpan.FromMinutes(10);

    private readonly PasskeyStore _store;
    private readonly SealedJson _sealed;
    private readonly UsedTickets _used;
    private readonly TimeProvider _time;
    private readonly UserManager<Account> _manager;
    private readonly PasskeyHandler<Account> _handler;

    public Passkeys(PasskeyStore store, SealedJson sealedJson, UsedTickets used, LoginAddress address, TimeProvider time, ILoggerFactory loggers)
    {
        _store = store;
        _sealed = sealedJson;
        _used = used;
        _time = time;
        var identity = Options.Create(new IdentityOptions());
        _manager = new UserManager<Account>(
            store, identity, new PasswordHasher<Account>(), [], [], new UpperInvariantLookupNormalizer(), new IdentityErrorDescriber(), new EmptyServices(), loggers.CreateLogger<UserManager<Account>>());
        _handler = new PasskeyHandler<Account>(_manager, Options.Create(new IdentityPasskeyOptions
        {
            ServerDomain = address.PublicUrl?.Host,
            UserVerificationRequirement = "required",
            ResidentKeyRequirement = "required",
            // An allow list, and the page itself, not one that frames it.
            IsAllowedAlgorithm = algorithm => algorithm is -7 or -257 or -37,
            ValidateOrigin = context => ValueTask.FromResult(
                !context.CrossOrigin && context.TopOrigin is null && string.Equals(context.Origin, address.OriginOf(context.HttpContext.Request), StringComparison.OrdinalIgnoreCase)),
        }));
    }

    /// <summary>What the browser needs to make a passkey.</summary>
    public async Task<(string Options, string Ticket)> BeginRegistrationAsync(Account account, HttpContext context)
    {
        var entity = new PasskeyUserEntity { Id = await _store.GetUserIdAsync(account, context.RequestAborted), Name = account.Email, DisplayName = account.Email };
        var options = await _handler.MakeCreationOptionsAsync(entity, context);
        return (options.CreationOptionsJson, Seal(account.Id, options.AttestationState));
    }

    /// <returns>Why it is refused; null when the account has the passkey now.</returns>
    public async Task<string?> CompleteRegistrationAsync(Account account, string name, string ticket, string credential, HttpContext context, Actor actor)
    {
        if (Open(ticket, account.Id) is not { } known)
            return TooLate;
        var result = await _handler.PerformAttestationAsync(new PasskeyAttestationContext { HttpContext = context, CredentialJson = credential, AttestationState = known.State });
        if (!result.Succeeded)
            return "The browser's answer is not right: begin again.";
        if (!_used.Use(known.Id, known.Expires))
            return TooLate;
        result.Passkey.Name = name;
        _store.Add(account, result.Passkey, actor);
        return null;
    }

    /// <summary>What the browser needs to log in, whoever sits there.</summary>
    public async Task<(string Options, string Ticket)> BeginLoginAsync(HttpContext context)
    {
        var options = await _handler.MakeRequestOptionsAsync(null, context);
        return (options.RequestOptionsJson, Seal(null, options.AssertionState));
    }

    /// <returns>Whose passkey it is; null when it is refused.</returns>
    public async Task<Account?> CompleteLoginAsync(string ticket, string credential, HttpContext context)
    {
        if (Open(ticket, null) is not { } known)
            return null;
        var result = await _handler.PerformAssertionAsync(new PasskeyAssertionContext { HttpContext = context, CredentialJson = credential, AssertionState = known.State });
        if (!result.Succeeded || !_used.Use(known.Id, known.Expires))
            return null;
        _store.NoteUse(result.Passkey);
        return result.User;
    }

    public void Dispose() => _manager.Dispose();

    private string Seal(long? account, string? state)
    {
        long expires = (_time.GetUtcNow() + Life).ToUnixTimeSeconds();
        return _sealed.Seal(new PasskeyTicket(account, state ?? "", SessionToken.Plain(), expires), Purpose, LoginJson.Default.PasskeyTicket);
    }

    private PasskeyTicket? Open(string ticket, long? account) =>
        _sealed.Open(ticket, Purpose, LoginJson.Default.PasskeyTicket) is { } known && known.Account == account && known.Expires > _time.GetUtcNow().ToUnixTimeSeconds() ? known : null;

    private sealed class EmptyServices : IServiceProvider
    {
        public object? GetService(Type serviceType) => null;
    }
}
