namespace Keyhole.Client;

/// <summary>What a check of <c>keyhole diagnose</c> came to.</summary>
internal enum Verdict
{
    /// <summary>As it should be.</summary>
    Fine,

    /// <summary>It works, but not as well as it could.</summary>
    Limited,

    /// <summary>Something does not work because of it.</summary>
    Failed,

    /// <summary>It could not be found out.</summary>
    Unknown,
}
