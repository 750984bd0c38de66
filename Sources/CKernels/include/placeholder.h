int swl_placeholder(void);
