using Npgsql;

namespace KubeFlex.Storage.Tests.Postgres;

public sealed class UrlTests
{
    [Theory]
    [InlineData("postgres://u:p%40%3A@h:6000/d", "Host=h;Port=6000;Username=u;Password=p@:;Database=d")]
    [InlineData("postgresql://u@h/d?sslmode=require&connect_timeout=3&application_name=x%20y", "Host=h;Username=u;Database=d;SSL Mode=Require;Timeout=3;Application Name=x y")]
    [InlineData("postgres://u@%2Ftmp%2Fs:77/d", "Host=/tmp/s;Port=77;Username=u;Database=d")]
    [InlineData("postgres:///d?host=/tmp/s&port=77&user=u", "Host=/tmp/s;Port=77;Username=u;Database=d")]
    [InlineData("postgres://u@[::1]:77/d", "Host=::1;Port=77;Username=u;Database=d")]
    [InlineData("postgres://u@a:1,b:2/d", "Host=a:1,b:2;Username=u;Database=d")]
    [InlineData("postgres://u@h/d?options=-c%20statement_timeout%3D9%20-csearch_path%3Dmine", "Host=h;Username=u;Database=d;Options=-c statement_timeout=9")]
    public void Is_read_as_libpq_does(string url, string expected)
    {
        var parsed = DatastoreUrl.Parse(url);
        var (actual, wanted) = (new NpgsqlConnectionStringBuilder(parsed.Postgres!.Connection), new NpgsqlConnectionStringBuilder(expected));
        foreach (var key in wanted.Keys) Assert.Equal((key, wanted[key]), (key, actual[key]));
        Assert.Equal(url.Contains("search_path", StringComparison.Ordinal) ? "mine" : null, parsed.Postgres.Schema);
        Assert.DoesNotContain("p@", parsed.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("p%40", parsed.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("sqlite:a.db", "a.db")]
    [InlineData("sqlite:///x/y.db", "/x/y.db")]
    [InlineData("sqlite:/x/y.db", "/x/y.db")]
    public void Files(string url, string path) => Assert.Equal(Path.GetFullPath(path), DatastoreUrl.Parse(url).File);

    [Theory]
    [InlineData("", "named by a URL")]
    [InlineData("mysql://u:secret@h/d", "no kind of datastore")]
    [InlineData("/var/data.db", "named by a URL")]
    [InlineData("sqlite:", "names no file")]
    [InlineData("sqlite://x/y", "has a host")]
    [InlineData("postgres://u:secret%4@h/d", "hexadecimal")]
    [InlineData("postgres://u:secret@h:0/d", "no number from 1 to 65535")]
    [InlineData("postgres://u:secret@h/d?sslmode=yes", "verify-full")]
    [InlineData("postgres://u:secret@h/d?sslrootcert=/no/such/file", "there is no file")]
    [InlineData("postgres://u:secret@h/d?conect_timeout=3", "unknown parameter \"conect_timeout\"")]
    [InlineData("postgres://u:secret@h:x/d?sslmode=yes", "no number")]
    public void Nonsense_is_refused_without_showing_a_password(string url, string expected)
    {
        Assert.False(DatastoreUrl.TryParse(url, out _, out var errors));
        Assert.Contains(errors, error => error.Contains(expected, StringComparison.Ordinal));
        Assert.DoesNotContain(errors, error => error.Contains("secret", StringComparison.Ordinal));
    }
}
