using KubeFlex.Storage.Dialects.Postgres;
using KubeFlex.Storage.Tests.Support;
using KubeFlex.TestShared.Postgres;
using static KubeFlex.Storage.Tests.Support.Words;

namespace KubeFlex.Storage.Tests.Postgres;

/// <summary>Connecting, the first start of several servers, and what is said when it cannot be.</summary>
public sealed class OpeningTests(PostgresFixture postgres)
{
    private static async Task<string> RefusedAsync(string url)
    {
        var error = await Assert.ThrowsAsync<StorageException>(() => Datastore.OpenPostgresAsync(url, new(), default));
        Assert.Equal(StorageFailure.Unavailable, error.Failure);
        Assert.DoesNotContain(PostgresServer.Password, error.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(PostgresServer.EscapedPassword, error.ToString(), StringComparison.Ordinal);
        return error.Message;
    }

    [Fact]
    public async Task Four_servers_may_start_at_once_on_an_empty_database()
    {
        var server = await postgres.ServerAsync();
        var url = await server.CreateDatabaseAsync();
        var datastores = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => Datastore.OpenPostgresAsync(url + "?schema=new", new(), default))));
        await Task.WhenAll(datastores.Select((datastore, i) => datastore.OpenStoreAsync($"s{i}", default)));
        Assert.Equal(["s0", "s1", "s2", "s3"], await datastores[0].ListStoresAsync(default));
        foreach (var datastore in datastores) await datastore.DisposeAsync();
        var name = new Uri(url).AbsolutePath[1..];
        await server.SqlAsync(name, "update new.kubeflex_schema set version = 99");
        Assert.Contains("was written by a newer KubeFlex (schema 99", await RefusedAsync(url + "?schema=new"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_may_not_create_tables_is_told_so_and_may_use_what_is_there()
    {
        var server = await postgres.ServerAsync();
        var url = await server.CreateDatabaseAsync();
        var name = new Uri(url).AbsolutePath[1..];
        await server.SqlAsync("postgres", $"create role plain_{name} login password 'x'");
        var plain = $"postgres://plain_{name}:x@127.0.0.1:{server.Port}/{name}";
        Assert.Contains("the role needs the right to use its schema", await RefusedAsync(plain), StringComparison.Ordinal);
        await (await Datastore.OpenPostgresAsync(url, new(), default)).DisposeAsync();
        await server.SqlAsync(name, $"grant select, insert, update, delete on all tables in schema public to plain_{name}");
        await using var datastore = await Datastore.OpenPostgresAsync(plain, new(), default);
        Assert.Equal(2, await (await datastore.OpenStoreAsync("test", default)).PutAsync("a", "1"));
    }

    [Fact]
    public async Task Errors_name_the_database_and_the_way_out()
    {
        var server = await postgres.ServerAsync();
        Assert.Contains("createdb NAME", await RefusedAsync(server.Url("nowhere")), StringComparison.Ordinal);
        Assert.Contains("refuses the user", await RefusedAsync(server.Url("postgres").Replace("kubeflex:", "nobody:", StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.Contains("refuses the user", await RefusedAsync($"postgres://kubeflex:wrong@127.0.0.1:{server.Port}/postgres"), StringComparison.Ordinal);
        Assert.Contains("asks for a password", await RefusedAsync($"postgres://kubeflex@127.0.0.1:{server.Port}/postgres?passfile=/dev/null"), StringComparison.Ordinal);
        Assert.Contains("cannot be reached", await RefusedAsync("postgres://kubeflex@127.0.0.1:1/postgres?connect_timeout=2"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Certificates_are_verified_in_full()
    {
        var server = await postgres.ServerAsync();
        var url = await postgres.NewUrlAsync();
        var named = url.Replace("127.0.0.1", "localhost", StringComparison.Ordinal);
        await using (var datastore = await Datastore.OpenPostgresAsync($"{named}&sslmode=verify-full&sslrootcert={Uri.EscapeDataString(server.CaFile)}&application_name=tls", new(), default))
        {
            await datastore.OpenStoreAsync("test", default);
            Assert.Equal("t", await server.SqlAsync("postgres", "select bool_and(ssl) from pg_stat_ssl join pg_stat_activity using (pid) where application_name = 'tls'"));
        }
        // It is for localhost, not for the address.
        Assert.Contains("TLS", await RefusedAsync($"{url}&sslmode=verify-full&sslrootcert={Uri.EscapeDataString(server.CaFile)}"), StringComparison.Ordinal);
        Assert.Contains("TLS", await RefusedAsync($"{named}&sslmode=verify-full"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Password_files_and_sockets()
    {
        var server = await postgres.ServerAsync();
        var folder = Directory.CreateTempSubdirectory("kubeflex-pass-");
        try
        {
            var file = Path.Combine(folder.FullName, "pass word");
            await File.WriteAllTextAsync(file, $"127.0.0.1:*:*:kubeflex:{PostgresServer.Password}\n");
            if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            await postgres.NewUrlAsync();
            var url = $"postgresql://kubeflex@127.0.0.1:{server.Port}/db1?options=-csearch_path%3Dby_passfile&passfile={Uri.EscapeDataString(file)}";
            await using (var datastore = await Datastore.OpenPostgresAsync(url, new(), default)) await datastore.OpenStoreAsync("filed", default);
            var socket = $"postgres://kubeflex@{Uri.EscapeDataString(server.SocketDirectory)}:{server.Port}/db1?schema=by_passfile";
            await using (var datastore = await Datastore.OpenPostgresAsync(socket, new(), default)) Assert.Equal(["filed"], await datastore.ListStoresAsync(default));
        }
        finally
        {
            folder.Delete(true);
        }
    }

    [Fact]
    public async Task A_database_of_its_own_comes_and_goes()
    {
        var server = await postgres.ServerAsync();
        var own = DatastoreUrl.Parse(await server.CreateDatabaseAsync()).Beside("a-\"tenant\"-" + new string('x', 60))!;
        Assert.Equal(63, own.Postgres!.Database.Length);
        Assert.False(await Datastore.ExistsAsync(own, default));
        await Datastore.CreateAsync(own, default);
        await Datastore.CreateAsync(own, default);
        await using (var datastore = await Datastore.OpenAsync(own, new(), default))
        {
            await (await datastore.OpenStoreAsync("test", default)).PutAsync("a", "1");
            Assert.True(await Datastore.ExistsAsync(own, default));
            Assert.True(await datastore.MeasureAsync(default) > 0);
            // In use or not.
            await Datastore.DropAsync(own, default);
        }
        Assert.False(await Datastore.ExistsAsync(own, default));
        await Datastore.DropAsync(own, default);
        await server.SqlAsync("postgres", "create role modest login password 'x'");
        var modest = DatastoreUrl.Parse($"postgres://modest:x@127.0.0.1:{server.Port}/db1").Beside("cp")!;
        var error = await Assert.ThrowsAsync<StorageException>(() => Datastore.CreateAsync(modest, default));
        Assert.Contains("lacks the right CREATEDB", error.Message, StringComparison.Ordinal);
    }
}
