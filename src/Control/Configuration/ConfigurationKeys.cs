namespace Keyhole.Control;

/// <summary>Everything that "keyhole-control serve" can be told.</summary>
internal static class ConfigurationKeys
{
    public static ConfigurationKey Data { get; } = new("data", "DIR", "The data directory of the server.");

    public static ConfigurationKey Listen { get; } = new("listen", "URL", "Where agents and people dial in: http://ADDR:PORT, or https://ADDR:PORT with a certificate. Behind a proxy with HTTPS keep it on loopback.") { Default = ServeOptions.DefaultListen };

    public static ConfigurationKey PublicUrl { get; } = new("public-url", "URL", "The URL by which agents and people reach this server from outside.");

    public static ConfigurationKey AllowHttp { get; } = new("allow-http", "", "Take secrets over plain HTTP from other machines: for a network that you trust.");

    public static ConfigurationKey TlsCertificate { get; } = new("tls-certificate", "FILE", "The certificate for HTTPS with those above it, PEM. Read again when it changes.");

    public static ConfigurationKey TlsKey { get; } = new("tls-key", "FILE", "The private key of the certificate, PEM.");

    public static ConfigurationKey TrustedProxy { get; } = new("trusted-proxy", "CIDR", "The proxies whose X-Forwarded-For and X-Forwarded-Proto count, separated by commas.");

    public static ConfigurationKey Database { get; } = new("database", "TEXT", "The connection string of a PostgreSQL database. Without it: SQLite in the data directory.") { IsSecret = true };

    public static ConfigurationKey DatabaseFile { get; } = new("database-file", "FILE", "A file that holds the connection string of a PostgreSQL database; it wins over the string itself.");

    public static IReadOnlyList<ConfigurationKey> All { get; } = [Data, Listen, PublicUrl, AllowHttp, TlsCertificate, TlsKey, TrustedProxy, Database, DatabaseFile];
}
