// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* libhtp, which Suricata reads HTTP with; as if for Apache. */
#include "oracle.h"

#ifdef HAVE_HTP
#include <htp/htp.h>

static int take_htp(htp_tx_t *tx)
{
	struct oracle_facts *facts = htp_connp_get_user_data(tx->connp);
	const htp_header_t *header;

	if (facts->n++)
		return HTP_OK;
	if (tx->request_method)
		oracle_copy(facts->method, sizeof(facts->method), bstr_ptr(tx->request_method),
			    bstr_len(tx->request_method));
	if (tx->request_uri)
		oracle_copy(facts->target, sizeof(facts->target), bstr_ptr(tx->request_uri),
			    bstr_len(tx->request_uri));
	/* 9, 100, 101, or less than nothing */
	facts->version = tx->request_protocol_number;
	if (facts->version >= 100)
		facts->version = facts->version / 100 * 10 + facts->version % 100;
	else if (facts->version < 0)
		facts->version = 0;
	header = htp_table_get_c(tx->request_headers, ORACLE_TOKEN);
	facts->has_token = header != NULL;
	return HTP_OK;
}

bool oracle_ask_htp(const char *text, size_t len, char *said)
{
	htp_cfg_t *cfg = htp_config_create();
	htp_connp_t *connp;
	struct oracle_facts facts = {.n = 0};

	htp_config_set_server_personality(cfg, HTP_SERVER_APACHE_2);
	htp_config_register_request_headers(cfg, take_htp);
	connp = htp_connp_create(cfg);
	htp_connp_set_user_data(connp, &facts);
	htp_connp_open(connp, "10.0.0.1", 1, "169.254.169.254", 80, NULL);
	htp_connp_req_data(connp, NULL, text, len);
	htp_connp_close(connp, NULL);
	htp_connp_destroy_all(connp);
	htp_config_destroy(cfg);
	oracle_write(&facts, said);
	return true;
}
#else
bool oracle_ask_htp(const char *text, size_t len, char *said)
{
	(void)text;
	(void)len;
	(void)said;
	return false;
}
#endif
