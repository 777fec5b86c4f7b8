using KubeFlex.Operator.ControlPlanes;

namespace KubeFlex.Operator.Runtimes.Pods.Storage;

/// <summary>
/// psql scripts that make and drop a tenant's role and database. Both can run twice. The database bears the name that KubeFlex gives it, so that the data
/// of its installations is taken over; names consist of lower case letters, digits and _ and are quoted, since some are keywords.
/// </summary>
internal static class DatabaseScripts
{
    public static string DatabaseOf(ControlPlane cp) => cp.Name.Replace('-', '_');

    /// <summary>With a prefix, since PostgreSQL keeps names that begin with pg_ to itself.</summary>
    public static string RoleOf(ControlPlane cp) => "kf_" + DatabaseOf(cp);

    public static string Provision(ControlPlane cp, string verifier)
    {
        var (role, database) = (RoleOf(cp), DatabaseOf(cp));
        return $$"""
            SELECT 'CREATE ROLE "{{role}}"' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{{role}}') \gexec
            ALTER ROLE "{{role}}" WITH LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD '{{verifier}}';
            SELECT 'CREATE DATABASE "{{database}}" OWNER "{{role}}"' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '{{database}}') \gexec
            DO $$ BEGIN
              IF EXISTS (SELECT FROM pg_database d JOIN pg_roles r ON r.oid = d.datdba WHERE d.datname = '{{database}}' AND r.rolname NOT IN ('{{role}}', CURRENT_USER)) THEN
                RAISE EXCEPTION 'database "{{database}}" belongs to another role';
              END IF;
            END $$;
            ALTER DATABASE "{{database}}" OWNER TO "{{role}}";
            REVOKE CONNECT, TEMPORARY ON DATABASE "{{database}}" FROM PUBLIC;
            \connect "{{database}}"
            ALTER SCHEMA public OWNER TO "{{role}}";
            ALTER TABLE IF EXISTS public.kine OWNER TO "{{role}}";

            """;
    }

    public static string Drop(ControlPlane cp)
    {
        var (role, database) = (RoleOf(cp), DatabaseOf(cp));
        return $"""
            SELECT 'DROP DATABASE "{database}" WITH (FORCE)' FROM pg_database d JOIN pg_roles r ON r.oid = d.datdba WHERE d.datname = '{database}' AND r.rolname = '{role}' \gexec
            DROP ROLE IF EXISTS "{role}";

            """;
    }
}
