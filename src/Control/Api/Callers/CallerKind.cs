namespace Keyhole.Control;

internal enum CallerKind
{
    /// <summary>A person, by a login session.</summary>
    Account,

    /// <summary>A program, by an API key of one organisation.</summary>
    ApiKey,
}
