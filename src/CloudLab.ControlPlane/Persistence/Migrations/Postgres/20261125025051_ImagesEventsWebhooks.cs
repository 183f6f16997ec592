using System;
using Microsoft.EntityFrameworkCore.Migrations;
using Npgsql.EntityFrameworkCore.PostgreSQL.Metadata;

#nullable disable

namespace CloudLab.ControlPlane.Persistence.Migrations.Postgres
{
    /// <inheritdoc />
    public partial class ImagesEventsWebhooks : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "IX_images_account_id_name",
                table: "images");

            migrationBuilder.AddColumn<string>(
                name: "client_token",
                table: "images",
                type: "text",
                nullable: true,
                collation: "C");

            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "deregistered_at",
                table: "images",
                type: "timestamp with time zone",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "firmware_blob",
                table: "images",
                type: "text",
                nullable: true,
                collation: "C");

            migrationBuilder.AddColumn<long>(
                name: "firmware_bytes",
                table: "images",
                type: "bigint",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "firmware_sha256",
                table: "images",
                type: "text",
                nullable: true,
                collation: "C");

            migrationBuilder.AddColumn<bool>(
                name: "is_public",
                table: "images",
                type: "boolean",
                nullable: false,
                defaultValue: false);

            migrationBuilder.AddColumn<string>(
                name: "start_mode",
                table: "images",
                type: "character varying(32)",
                maxLength: 32,
                nullable: false,
                defaultValue: "supervisor",
                collation: "C");

            migrationBuilder.CreateTable(
                name: "events",
                columns: table => new
                {
                    sequence = table.Column<long>(type: "bigint", nullable: false)
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn),
                    transaction_id = table.Column<long>(type: "bigint", nullable: false, defaultValueSql: "pg_current_xact_id()::text::bigint"),
                    account_id = table.Column<string>(type: "character varying(12)", maxLength: 12, nullable: false, collation: "C"),
                    at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    actor = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    actor_name = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    source_address = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    action = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    resource_type = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    resource_id = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    outcome = table.Column<string>(type: "character varying(32)", maxLength: 32, nullable: false, collation: "C"),
                    error_code = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    request_id = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    details = table.Column<string>(type: "character varying(4096)", maxLength: 4096, nullable: true, collation: "C")
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_events", x => x.sequence);
                });

            migrationBuilder.CreateTable(
                name: "image_permissions",
                columns: table => new
                {
                    image_id = table.Column<string>(type: "character varying(21)", maxLength: 21, nullable: false, collation: "C"),
                    account_id = table.Column<string>(type: "character varying(12)", maxLength: 12, nullable: false, collation: "C")
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_image_permissions", x => new { x.image_id, x.account_id });
                    table.ForeignKey(
                        name: "FK_image_permissions_images_image_id",
                        column: x => x.image_id,
                        principalTable: "images",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "image_tags",
                columns: table => new
                {
                    image_id = table.Column<string>(type: "character varying(21)", maxLength: 21, nullable: false, collation: "C"),
                    key = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    value = table.Column<string>(type: "text", nullable: false, collation: "C")
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_image_tags", x => new { x.image_id, x.key });
                    table.ForeignKey(
                        name: "FK_image_tags_images_image_id",
                        column: x => x.image_id,
                        principalTable: "images",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "webhooks",
                columns: table => new
                {
                    id = table.Column<string>(type: "character varying(21)", maxLength: 21, nullable: false, collation: "C"),
                    account_id = table.Column<string>(type: "character varying(12)", maxLength: 12, nullable: false, collation: "C"),
                    url = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    actions = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    secret = table.Column<byte[]>(type: "bytea", nullable: false),
                    state = table.Column<string>(type: "character varying(32)", maxLength: 32, nullable: false, collation: "C"),
                    cursor_transaction_id = table.Column<long>(type: "bigint", nullable: false),
                    cursor_sequence = table.Column<long>(type: "bigint", nullable: false),
                    failures = table.Column<int>(type: "integer", nullable: false),
                    first_failed_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    failing_since = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    next_attempt_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    last_delivered_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    last_error = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    given_up = table.Column<long>(type: "bigint", nullable: false),
                    owner = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    owned_until = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    version = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_webhooks", x => x.id);
                    table.ForeignKey(
                        name: "FK_webhooks_accounts_account_id",
                        column: x => x.account_id,
                        principalTable: "accounts",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateIndex(
                name: "IX_images_account_id_client_token",
                table: "images",
                columns: new[] { "account_id", "client_token" });

            migrationBuilder.CreateIndex(
                name: "IX_images_account_id_name",
                table: "images",
                columns: new[] { "account_id", "name" });

            migrationBuilder.CreateIndex(
                name: "IX_events_account_id_resource_id_sequence",
                table: "events",
                columns: new[] { "account_id", "resource_id", "sequence" });

            migrationBuilder.CreateIndex(
                name: "IX_events_account_id_sequence",
                table: "events",
                columns: new[] { "account_id", "sequence" });

            migrationBuilder.CreateIndex(
                name: "IX_events_at",
                table: "events",
                column: "at");

            migrationBuilder.CreateIndex(
                name: "IX_events_transaction_id_sequence",
                table: "events",
                columns: new[] { "transaction_id", "sequence" });

            migrationBuilder.CreateIndex(
                name: "IX_image_permissions_account_id",
                table: "image_permissions",
                column: "account_id");

            migrationBuilder.CreateIndex(
                name: "IX_webhooks_account_id",
                table: "webhooks",
                column: "account_id");

            migrationBuilder.CreateIndex(
                name: "IX_webhooks_state_next_attempt_at",
                table: "webhooks",
                columns: new[] { "state", "next_attempt_at" });

            migrationBuilder.AddForeignKey(
                name: "FK_images_accounts_account_id",
                table: "images",
                column: "account_id",
                principalTable: "accounts",
                principalColumn: "id",
                onDelete: ReferentialAction.Restrict);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropForeignKey(
                name: "FK_images_accounts_account_id",
                table: "images");

            migrationBuilder.DropTable(
                name: "events");

            migrationBuilder.DropTable(
                name: "image_permissions");

            migrationBuilder.DropTable(
                name: "image_tags");

            migrationBuilder.DropTable(
                name: "webhooks");

            migrationBuilder.DropIndex(
                name: "IX_images_account_id_client_token",
                table: "images");

            migrationBuilder.DropIndex(
                name: "IX_images_account_id_name",
                table: "images");

            migrationBuilder.DropColumn(
                name: "client_token",
                table: "images");

            migrationBuilder.DropColumn(
                name: "deregistered_at",
                table: "images");

            migrationBuilder.DropColumn(
                name: "firmware_blob",
                table: "images");

            migrationBuilder.DropColumn(
                name: "firmware_bytes",
                table: "images");

            migrationBuilder.DropColumn(
                name: "firmware_sha256",
                table: "images");

            migrationBuilder.DropColumn(
                name: "is_public",
                table: "images");

            migrationBuilder.DropColumn(
                name: "start_mode",
                table: "images");

            migrationBuilder.CreateIndex(
                name: "IX_images_account_id_name",
                table: "images",
                columns: new[] { "account_id", "name" },
                unique: true);
        }
    }
}
